import { appendSettled } from "../../commands/handling/append-settled.ts";
import { MAX_APPEND_BYTES } from "../../events/store/event-store.ts";
import type { AppendResult, EventStore, EventToAppend, RecordedEvent } from "../../events/store/event-store.ts";
import { AppendOutcomeUnknown } from "../../events/store/event-store-errors.ts";
import { numberOf, revisionOf } from "../../events/store/position.ts";
import type { Revision } from "../../events/store/position.ts";
import { TransferRefused } from "./transfer-refused.ts";

/** How much is appended without waiting for its outcome. */
export interface AppendsInFlight {
  /** The most appends in a batch, and the most bytes of events (unless a single append has more). */
  readonly appends: number;
  readonly bytes: number;
  /** The most batches under way. With 1, a batch begins only when the one before it is written. */
  readonly batches: number;
}

/** Consecutive events of one stream that are appended together. */
interface Run {
  readonly stream: string;
  readonly first: number;
  readonly events: EventToAppend[];
  bytes: number;
}

/** A run that was sent. */
interface Sent {
  readonly run: Run;
  readonly outcome: Promise<AppendResult>;
}

/** The most events of one append. */
const RUN_EVENTS = 256;

/**
 * Appends events so that the log has them in the given order. A store writes appends in the order in which they are
 * made, so a window of them is under way at a time; the position of each shows whether the order was kept.
 */
export class OrderedAppends {
  readonly #store: EventStore;
  readonly #limits: AppendsInFlight;
  /** The next batch, and its bytes. */
  #batch: Run[] = [];
  #bytes = 0;
  /** Oldest first. */
  #underWay: (readonly Sent[])[] = [];
  /** That of the last event with a known position. */
  #position = "";

  constructor(store: EventStore, limits: AppendsInFlight) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Adds the next event, which adds this many bytes to an append. Returns null, or a promise to wait for before the
   * next event. That promise throws the errors of earlier appends: what `EventStore.append` throws, and TransferRefused
   * when the log has them in another order or lacks some. This object cannot be used after an error.
   */
  add(event: RecordedEvent, bytes: number): Promise<void> | null {
    const run = this.#batch.at(-1);
    const full = run !== undefined && this.#bytes + bytes > this.#limits.bytes;
    if (!full && run !== undefined && isContinued(run, event, bytes)) {
      run.events.push(toAppend(event));
      run.bytes += bytes;
      this.#bytes += bytes;
      return null;
    }
    if (!full && this.#batch.length < this.#limits.appends) {
      this.#begin(event, bytes);
      return null;
    }
    return this.#send().then(() => this.#begin(event, bytes));
  }

  /** Sends what was added and does not wait for its outcome; throws as `add` does. Wait for it before the next event. */
  async flush(): Promise<void> {
    if (this.#batch.length > 0) await this.#send();
  }

  /** Resolves when everything is written; throws as `add` does. */
  async end(): Promise<void> {
    await this.#send();
    while (this.#underWay.length > 0) await this.#settleOldest();
  }

  #begin(event: RecordedEvent, bytes: number): void {
    this.#batch.push({ stream: event.stream, first: numberOf(event.revision), events: [toAppend(event)], bytes });
    this.#bytes += bytes;
  }

  async #send(): Promise<void> {
    while (this.#underWay.length >= this.#limits.batches) await this.#settleOldest();
    const sent = this.#batch.map((run) => {
      const outcome = this.#store.append(run.stream, run.events, expectedBy(run));
      // The error is handled in order, perhaps later.
      outcome.catch(() => undefined);
      return { run, outcome };
    });
    this.#underWay.push(sent);
    this.#batch = [];
    this.#bytes = 0;
  }

  async #settleOldest(): Promise<void> {
    const oldest = this.#underWay[0] ?? [];
    const outcomes = await Promise.allSettled(oldest.map(({ outcome }) => outcome));
    if (outcomes.some(({ status }) => status === "rejected")) return this.#settleFailed();
    for (const [index, { run }] of oldest.entries()) this.#note(run, (outcomes[index] as Written).value);
    this.#underWay.shift();
  }

  /**
   * Handles a failed append. Nothing more is sent until everything sent has an outcome. An append with unknown outcome
   * is repeated, and so is each unwritten one after it, one by one and in order. If the first was written, they simply
   * follow it; if not, and a later one was, the positions show it.
   */
  async #settleFailed(): Promise<void> {
    const sent = this.#underWay.flat();
    const outcomes = await Promise.allSettled(sent.map(({ outcome }) => outcome));
    const failed = outcomes.findIndex(({ status }) => status === "rejected");
    const reason: unknown = (outcomes[failed] as PromiseRejectedResult).reason;
    const repeatable = reason instanceof AppendOutcomeUnknown;
    if (!repeatable && outcomes.some(({ status }, index) => index > failed && status === "fulfilled")) {
      throw gapAt((sent[failed] as Sent).run, reason);
    }
    for (const [index, { run }] of sent.entries()) {
      const outcome = outcomes[index] as PromiseSettledResult<AppendResult>;
      if (outcome.status === "fulfilled") this.#note(run, outcome.value);
      else if (!repeatable) throw outcome.reason;
      else this.#note(run, await appendSettled(this.#store, run.stream, run.events, expectedBy(run)));
    }
    this.#underWay = [];
  }

  #note({ stream, first }: Run, { position }: AppendResult): void {
    if (position <= this.#position) {
      throw new TransferRefused(
        `the log has revision ${first} of ${stream} before what precedes it in the export` +
          ` (an append was written out of order); do not use this log, import into an empty one`,
      );
    }
    this.#position = position;
  }
}

type Written = PromiseFulfilledResult<AppendResult>;

function isContinued(run: Run, event: RecordedEvent, bytes: number): boolean {
  return (
    run.stream === event.stream &&
    run.first + run.events.length === numberOf(event.revision) &&
    run.events.length < RUN_EVENTS &&
    run.bytes + bytes <= MAX_APPEND_BYTES
  );
}

function toAppend({ id, type, data, metadata }: RecordedEvent): EventToAppend {
  return { id, type, data: data as object, metadata };
}

function expectedBy({ first }: Run): "no_stream" | Revision {
  return first === 0 ? "no_stream" : revisionOf(first - 1);
}

function gapAt({ stream, first }: Run, reason: unknown): TransferRefused {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new TransferRefused(
    `the log lacks revision ${first} of ${stream} and has what follows it in the export (${why});` +
      ` do not use this log, import into an empty one`,
    { cause: reason },
  );
}
