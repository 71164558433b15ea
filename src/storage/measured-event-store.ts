import { inject, injectable } from "tsyringe";
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
} from "../events/store/event-store.ts";
import {
  AppendOutcomeUnknown,
  RevisionConflict,
  StoreFull,
  StoreOverloaded,
  StoreUnavailable,
} from "../events/store/event-store-errors.ts";
import type { Position } from "../events/store/position.ts";
import { METRICS } from "../observability/metrics.ts";
import type { AppendOutcome, Metrics } from "../observability/metrics.ts";
import { SeenHeads } from "../projections/running/seen-heads.ts";
import { CLOCK } from "../runtime/clock.ts";
import type { Clock } from "../runtime/clock.ts";
import { token } from "../runtime/token.ts";

/** The token of the adapter to measure; everything else uses EVENT_STORE. */
export const LOG_ADAPTER = token<EventStore>("EventStore adapter");

/**
 * How long the log counts as unable to append after a failed append, in ms. After that the next append may try: a
 * gateway that is not ready gets no requests, and would otherwise never notice that the log is back. For a full disk it
 * is longer than the longest rest of the delivery worker, so that readiness does not flap while there is anything to
 * deliver. A server that is back should get requests soon.
 */
const TROUBLE_LASTS_MS = { full: 15_000, refused: 5_000, unanswered: 5_000 };
type Trouble = keyof typeof TROUBLE_LASTS_MS;

const TROUBLES: Readonly<Record<Trouble, string>> = {
  full: "the event log refuses them, its disk is full",
  refused: "the event log refuses them",
  unanswered: "the event log does not answer them",
};

/**
 * An event store that measures its appends, and knows from them whether the log accepts any. All other calls pass
 * through.
 */
@injectable()
export class MeasuredEventStore implements EventStore {
  readonly #inner: EventStore;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #heads: SeenHeads;
  #underWay = 0;
  /** `at`: by the monotonic clock, in ms. */
  #trouble: { readonly at: number; readonly what: Trouble } | null = null;

  constructor(
    @inject(LOG_ADAPTER) inner: EventStore,
    @inject(METRICS) metrics: Metrics,
    @inject(CLOCK) clock: Clock,
    @inject(SeenHeads) heads: SeenHeads,
  ) {
    this.#inner = inner;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#heads = heads;
  }

  /** Appends that are not answered yet. */
  get appendsUnderWay(): number {
    return this.#underWay;
  }

  /** Why the log accepts no appends now, for `/readyz`; null if it does. */
  get trouble(): string | null {
    if (this.#trouble === null) return null;
    const { at, what } = this.#trouble;
    return this.#clock.monotonic() - at < TROUBLE_LASTS_MS[what] ? TROUBLES[what] : null;
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const startedAt = this.#clock.monotonic();
    let outcome: AppendOutcome = "written";
    this.#underWay += 1;
    try {
      const result = await this.#inner.append(stream, events, expected);
      this.#heads.note(result.position, this.#clock.monotonic());
      this.#trouble = null;
      return result;
    } catch (error) {
      outcome = outcomeOf(error);
      const what = troubleIn(error);
      if (what !== null) this.#trouble = { at: this.#clock.monotonic(), what };
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#metrics.appended(outcome, this.#clock.monotonic() - startedAt);
    }
  }

  async head(): Promise<Position | null> {
    const head = await this.#inner.head();
    if (head !== null) this.#heads.note(head, this.#clock.monotonic());
    return head;
  }

  read(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#inner.read(stream, options);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.#inner.readAll(options);
  }

  readAt(positions: readonly Position[]): AsyncIterable<RecordedEvent> {
    return this.#inner.readAt(positions);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return this.#inner.subscribe(options);
  }

  idAt(position: Position): Promise<string | null> {
    return this.#inner.idAt(position);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function outcomeOf(error: unknown): AppendOutcome {
  if (error instanceof RevisionConflict) return "conflict";
  if (error instanceof StoreUnavailable) return "unavailable";
  return error instanceof AppendOutcomeUnknown ? "unknown" : "rejected";
}

function troubleIn(error: unknown): Trouble | null {
  // Too many appends at once is not the log's trouble: those that wait will be written.
  if (error instanceof StoreOverloaded) return null;
  if (error instanceof StoreFull) return "full";
  if (error instanceof StoreUnavailable) return "refused";
  return error instanceof AppendOutcomeUnknown ? "unanswered" : null;
}
