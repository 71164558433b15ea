import { leafText } from "../../events/store/event-line.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { TransferRefused } from "./transfer-refused.ts";

/** The events that the log held before an import, compared one by one with those of the export. */
export class ExistingEvents {
  readonly #events: AsyncIterator<RecordedEvent>;
  #ended = false;
  #count = 0;

  constructor(events: AsyncIterable<RecordedEvent>) {
    this.#events = events[Symbol.asyncIterator]();
  }

  /** How many of the export's events already existed. */
  get count(): number {
    return this.#count;
  }

  /** Whether the log was compared to its end. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether this event of the export exists in the log. Throws TransferRefused when another is in its place. */
  async has(event: RecordedEvent, leaf: string, lineNumber: number): Promise<boolean> {
    const found = await this.#next();
    if (found === null) return false;
    if (found.id !== event.id || leafText(found) !== leaf) {
      throw new TransferRefused(
        `the log is not the beginning of this export: line ${lineNumber} has ${placeOf(event)},` +
          ` the log has ${placeOf(found)} there; import into an empty log`,
      );
    }
    this.#count += 1;
    return true;
  }

  /** Throws TransferRefused when the log continues after the export. */
  async refuseMore(): Promise<void> {
    const found = await this.#next();
    if (found === null) return;
    throw new TransferRefused(
      `the log holds the whole export and continues with ${placeOf(found)}; import into an empty log`,
    );
  }

  async #next(): Promise<RecordedEvent | null> {
    if (this.#ended) return null;
    const next = await this.#events.next();
    if (next.done !== true) return next.value;
    this.#ended = true;
    return null;
  }
}

function placeOf(event: RecordedEvent): string {
  return `${event.type} ${event.id} at revision ${Number(event.revision)} of ${event.stream}`;
}
