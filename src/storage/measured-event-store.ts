import type { Clock } from "../clock.ts";
import {
  AppendOutcomeUnknown,
  RevisionConflict,
  StoreFull,
  StoreOverloaded,
  StoreUnavailable,
} from "../events/event-store-errors.ts";
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
} from "../events/event-store.ts";
import type { Position } from "../events/position.ts";
import type { AppendOutcome, Metrics } from "../metrics.ts";
import type { SeenHeads } from "../projections/seen-heads.ts";

/**
 * For so long after an append was refused the log is taken for one that refuses, in ms. Then the next append may try: a
 * gateway that gets no requests because it is not ready would otherwise never learn that there is room again. Longer than
 * the longest rest of the delivery worker, so that readiness does not come and go while there is anything to deliver.
 */
const REFUSAL_LASTS_MS = 15_000;

/**
 * An event store whose appends are timed, and which knows from them whether the log takes any. Everything else is passed
 * on as it is.
 */
export class MeasuredEventStore implements EventStore {
  readonly #inner: EventStore;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #heads: SeenHeads;
  #underWay = 0;
  #refusal: { readonly at: number; readonly full: boolean } | null = null;

  constructor(inner: EventStore, metrics: Metrics, clock: Clock, heads: SeenHeads) {
    this.#inner = inner;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#heads = heads;
  }

  /** Appends that were not answered yet. */
  get appendsUnderWay(): number {
    return this.#underWay;
  }

  /** Why appends are refused at present, for whoever asks for readiness; null when they are taken. */
  get refusal(): string | null {
    if (this.#refusal === null || this.#clock.now() - this.#refusal.at >= REFUSAL_LASTS_MS) return null;
    return `the event log refuses them${this.#refusal.full ? ", its disk is full" : ""}`;
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const startedAt = performance.now();
    let outcome: AppendOutcome = "written";
    this.#underWay += 1;
    try {
      const result = await this.#inner.append(stream, events, expected);
      this.#heads.note(result.position, this.#clock.now());
      this.#refusal = null;
      return result;
    } catch (error) {
      outcome = outcomeOf(error);
      // Too many at a time is no trouble of the log: those that wait will be taken.
      if (outcome === "unavailable" && !(error instanceof StoreOverloaded)) {
        this.#refusal = { at: this.#clock.now(), full: error instanceof StoreFull };
      }
      throw error;
    } finally {
      this.#underWay -= 1;
      this.#metrics.appended(outcome, performance.now() - startedAt);
    }
  }

  async head(): Promise<Position | null> {
    const head = await this.#inner.head();
    if (head !== null) this.#heads.note(head, this.#clock.now());
    return head;
  }

  read(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#inner.read(stream, options);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.#inner.readAll(options);
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
