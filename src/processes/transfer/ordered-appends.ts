import { appendSettled } from "../../commands/append-settled.ts";
import { MAX_APPEND_BYTES } from "../../events/event-store.ts";
import type { EventStore, EventToAppend, RecordedEvent } from "../../events/event-store.ts";
import { numberOf, revisionOf } from "../../events/position.ts";

/** How much is appended at once, without waiting for one append before the next is made. */
export interface AppendsInFlight {
  /** 1 where the log may take appends in another order than they are made in. */
  readonly appends: number;
  /** Bytes of events. */
  readonly bytes: number;
}

/** Consecutive events of one stream that are appended together. */
interface Run {
  readonly stream: string;
  readonly first: number;
  readonly events: EventToAppend[];
  bytes: number;
}

/** The most events of one append. */
const RUN_EVENTS = 256;

/**
 * Appends events so that a log has them in the order in which they are given. Appends are collected into batches; while
 * one is being written the next one comes together, and none is begun before the one before it is written as a whole.
 */
export class OrderedAppends {
  readonly #store: EventStore;
  readonly #limits: AppendsInFlight;
  #batch: Run[] = [];
  #bytes = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(store: EventStore, limits: AppendsInFlight) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Takes the next event, of so many bytes. May wait for, and throw, what became of earlier ones: whatever
   * `EventStore.append` throws. After that it must not be used any more.
   */
  async add(event: RecordedEvent, bytes: number): Promise<void> {
    const revision = numberOf(event.revision);
    const run = this.#batch.at(-1);
    const full = this.#batch.length > 0 && this.#bytes + bytes > this.#limits.bytes;
    const continues =
      run?.stream === event.stream &&
      run.first + run.events.length === revision &&
      run.events.length < RUN_EVENTS &&
      run.bytes + bytes <= MAX_APPEND_BYTES;
    if (full || (!continues && this.#batch.length >= this.#limits.appends)) await this.#send();
    const { id, type, data, metadata } = event;
    const toAppend = { id, type, data: data as object, metadata };
    const open = this.#batch.at(-1);
    if (continues && open === run) {
      open.events.push(toAppend);
      open.bytes += bytes;
    } else {
      this.#batch.push({ stream: event.stream, first: revision, events: [toAppend], bytes });
    }
    this.#bytes += bytes;
  }

  /** Resolves when everything is written; throws like `add`. */
  async end(): Promise<void> {
    await this.#send();
    await this.#written;
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#bytes = 0;
    await this.#written;
    this.#written = this.#write(batch);
    // Its error is met by whoever waits for it next, which may be later.
    this.#written.catch(() => undefined);
  }

  async #write(batch: readonly Run[]): Promise<void> {
    const appends = batch.map(({ stream, first, events }) =>
      appendSettled(this.#store, stream, events, first === 0 ? "no_stream" : revisionOf(first - 1)),
    );
    // All of them have an outcome before the first error is told, so that nothing is written behind the caller's back.
    const outcomes = await Promise.allSettled(appends);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }
}
