import { appendSettled } from "../../commands/handling/append-settled.ts";
import { MAX_APPEND_BYTES } from "../../events/store/event-store.ts";
import type { AppendResult, EventStore, EventToAppend, RecordedEvent } from "../../events/store/event-store.ts";
import { AppendOutcomeUnknown } from "../../events/store/event-store-errors.ts";
import { numberOf, revisionOf } from "../../events/store/position.ts";
import type { Revision } from "../../events/store/position.ts";
import { TransferRefused } from "./transfer-refused.ts";

/** How much is appended without waiting for its outcome. */
export interface AppendsInFlight {
  /** How many appends are a batch, and how many bytes of events (or one append that has more). */
  readonly appends: number;
  readonly bytes: number;
  /** How many batches may be under way. With 1 none is begun before the one before it is written as a whole. */
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
 * Appends events so that a log has them in the order in which they are given. A store writes appends in the order in
 * which they are made, so that a window of them is under way at a time; where each was written shows whether it did.
 */
export class OrderedAppends {
  readonly #store: EventStore;
  readonly #limits: AppendsInFlight;
  /** What is collected for the next batch, and its bytes. */
  #batch: Run[] = [];
  #bytes = 0;
  /** Oldest first. */
  #underWay: (readonly Sent[])[] = [];
  /** Of the last event whose place is known. */
  #position = "";

  constructor(store: EventStore, limits: AppendsInFlight) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Takes the next event, which adds so many bytes to an append. Gives null, or what has to be waited for before the next
   * one. That throws what became of earlier ones: whatever `EventStore.append` throws, and TransferRefused when the log has
   * them in another order or lacks some; this must not be used any more then.
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
      // Its error is met when its turn comes, which may be later.
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
   * What to do when an append failed. Nothing more is sent before all that was has an outcome. An append whose outcome is
   * unknown is repeated, and so is each after it that was not written, one by one and in order: if the first one was
   * written, they only follow it; if not, and a later one was, the places show it.
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
        `the log has revision ${first} of ${stream} before what the export has before it` +
          ` (an append was not written in its turn); do not use this log, import into an empty one`,
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
    `the log lacks revision ${first} of ${stream} and has what the export has after it (${why});` +
      ` do not use this log, import into an empty one`,
    { cause: reason },
  );
}
