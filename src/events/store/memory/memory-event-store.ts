import { prepareAppend } from "../append/prepared-append.ts";
import type {
  AppendResult,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from "../event-store.ts";
import { RevisionConflict } from "../event-store-errors.ts";
import { recordedEvent } from "../pages/event-row.ts";
import { followPages, readPages, readSingly } from "../pages/log-pages.ts";
import { numberOf, positionOf, revisionOf } from "../position.ts";
import type { Position } from "../position.ts";
import { MemoryLog } from "./memory-log.ts";

/** The event store in memory, for tests: the port's full semantics, nothing durable. `append` writes synchronously. */
export class MemoryEventStore implements EventStore {
  readonly #now: () => number;
  readonly #log = new MemoryLog();

  /** Takes the clock that dates the events, in milliseconds since the Unix epoch. */
  constructor(options: { now: () => number }) {
    this.#now = options.now;
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const append = prepareAppend(stream, events, expected);
    const decision = this.#log.decide(append);
    switch (decision.kind) {
      case "conflict": {
        const head = this.#log.stream(stream).at(-1);
        throw new RevisionConflict(stream, expected, head === undefined ? null : revisionOf(head.revision));
      }
      case "already_written":
        return this.#resultAt(stream, decision.lastRevision);
      case "write":
        this.#log.write(append, this.#now());
        return this.#resultAt(stream, this.#log.stream(stream).length - 1);
    }
  }

  async read(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    const first = options.from === undefined ? 0 : numberOf(options.from);
    const end = options.limit === undefined ? undefined : first + options.limit;
    return this.#log.stream(stream).slice(first, end).map(recordedEvent);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return readPages(this.#log, options);
  }

  readAt(positions: readonly Position[]): AsyncIterable<RecordedEvent> {
    return readSingly(this.#log, positions);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return followPages(this.#log, this.#log, options);
  }

  async head(): Promise<Position | null> {
    const head = this.#log.headPosition();
    return head === 0 ? null : positionOf(head);
  }

  async idAt(position: Position): Promise<string | null> {
    return this.#log.idAt(numberOf(position));
  }

  async close(): Promise<void> {
    this.#log.close();
  }

  #resultAt(stream: string, revision: number): AppendResult {
    const position = this.#log.stream(stream)[revision]?.position ?? 0;
    return { revision: revisionOf(revision), position: positionOf(position) };
  }
}
