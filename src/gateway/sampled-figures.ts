import type { Sample } from "../observability/live-gauges.ts";
import { dueIn } from "../projections/due-deliveries.ts";
import { failingNow } from "../projections/endpoint-statistics/endpoint-standings.ts";
import { heldNow } from "../projections/held-deliveries.ts";
import type { Clock } from "../runtime/clock.ts";
import { withinTime } from "../runtime/time-limit.ts";
import type { Storage } from "../storage/storage.ts";

const HOUR_MS = 3_600_000;
/** How long a scrape waits for a sample by default, in ms; one that takes longer is in the next scrape. */
const PATIENCE_MS = 250;
/** After a sample it rests for this many times as long as the sample took, however often somebody scrapes. */
const REST_RATIO = 20;

const UNKNOWN: Sample = {
  eventLogBytes: null,
  readModelsBytes: null,
  diskFreeBytes: null,
  endpointsFailing: null,
  deliveriesHeld: null,
  deliveriesDue: null,
  deliveriesDueWithinHour: null,
};

/**
 * The figures that are not in memory: the sizes of files, and counts of the read models, which come from their indexes.
 * They are read when somebody scrapes, at most one sample at a time, and cost less than a twentieth of the process.
 */
export class SampledFigures {
  readonly #storage: Pick<Storage, "documents" | "sizes">;
  readonly #clock: Clock;
  readonly #failingAttempts: number;
  #last = UNKNOWN;
  #lastAt: number | null = null;
  #reading: Promise<void> | null = null;
  #restUntil = Number.NEGATIVE_INFINITY;

  /** `failingAttempts`: from how many failed attempts in a row an endpoint counts as failing. */
  constructor(storage: Pick<Storage, "documents" | "sizes">, clock: Clock, failingAttempts: number) {
    this.#storage = storage;
    this.#clock = clock;
    this.#failingAttempts = failingAttempts;
  }

  /** The last sample; a figure that could not be read then is null. */
  get last(): Sample {
    return this.#last;
  }

  /** How old that is, in seconds; null before the first. */
  get age(): number | null {
    return this.#lastAt === null ? null : (this.#clock.monotonic() - this.#lastAt) / 1_000;
  }

  /** Takes a sample unless it has to rest, and resolves after `patienceMs` at the latest. Never rejects. */
  async refresh(patienceMs = PATIENCE_MS): Promise<void> {
    if (this.#reading === null && this.#clock.monotonic() >= this.#restUntil) this.#reading = this.#read();
    if (this.#reading === null) return;
    await withinTime(this.#reading, patienceMs, () => new Error("late")).catch(() => undefined);
  }

  async #read(): Promise<void> {
    const begun = this.#clock.monotonic();
    const { documents } = this.#storage;
    // What is due at this very millisecond is overdue.
    const overdue = new Date(this.#clock.now() + 1).toISOString();
    const inAnHour = new Date(this.#clock.now() + HOUR_MS).toISOString();
    const [sizes, endpointsFailing, deliveriesHeld, deliveriesDue, dueLater] = await Promise.all([
      orNull(this.#storage.sizes()),
      orNull(failingNow(documents, this.#failingAttempts)),
      orNull(heldNow(documents)),
      orNull(dueIn(documents, { to: overdue })),
      orNull(dueIn(documents, { from: overdue, to: inAnHour })),
    ]);
    const deliveriesDueWithinHour = deliveriesDue === null || dueLater === null ? null : deliveriesDue + dueLater;
    const counts = { endpointsFailing, deliveriesHeld, deliveriesDue, deliveriesDueWithinHour };
    this.#last = { ...UNKNOWN, ...sizes, ...counts };
    const now = this.#clock.monotonic();
    this.#lastAt = now;
    this.#restUntil = now + (now - begun) * REST_RATIO;
    this.#reading = null;
  }
}

/** A figure is no place to report a trouble: whatever needs the store for its work reports it. */
function orNull<T>(read: Promise<T>): Promise<T | null> {
  return read.catch(() => null);
}
