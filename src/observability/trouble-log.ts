import type { Clock } from "../runtime/clock.ts";

/** The least time between two lines while trouble lasts, in ms. */
const LINE_INTERVAL_MS = 1_000;
/**
 * By default, trouble is over when what failed works again and nothing has failed for this long, in ms: it may return
 * at once.
 */
const QUIET_MS = 1_000;

/** The part of a logger that is needed here. */
interface Lines {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TroubleLines {
  /** 50 or 40: whether someone has to act. */
  readonly level: "error" | "warn";
  /** The message while it lasts. */
  readonly trouble: string;
  /** The message of the last line. */
  readonly over: string;
  /** How long nothing may fail before the trouble is over, in ms. Default: a second. */
  readonly quietMs?: number;
}

/** Its times are the monotonic clock's, in ms. */
interface Trouble {
  readonly since: number;
  /** Failures in all, and those not yet in a line. */
  count: number;
  unlogged: number;
  loggedAt: number;
  lastAt: number;
  workedAt: number;
}

/**
 * Logs one kind of trouble in few lines, however often it fails: one when it begins, with the reason; at most one a
 * second while it lasts, with the number of failures since the line before (`count`); and one of level 30 when it is
 * over, with its duration (`duration_ms`) and the number of failures.
 */
export class TroubleLog {
  readonly #logger: Lines;
  readonly #clock: Clock;
  readonly #lines: TroubleLines;
  readonly #failing = new Set<string>();
  #trouble: Trouble | null = null;
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(logger: Lines, clock: Clock, lines: TroubleLines) {
    this.#logger = logger;
    this.#clock = clock;
    this.#lines = lines;
  }

  /**
   * Reports a failure.
   *
   * @param fields the reason, and other fields for the line
   * @param of names one of several things that can fail separately
   */
  failed(fields: object, of = ""): void {
    if (this.#closed) return;
    const { level, trouble: message } = this.#lines;
    const now = this.#clock.monotonic();
    this.#failing.add(of);
    const trouble = this.#trouble;
    if (trouble === null) {
      this.#trouble = { since: now, count: 1, unlogged: 0, loggedAt: now, lastAt: now, workedAt: now };
      this.#logger[level](fields, message);
      return;
    }
    trouble.count += 1;
    trouble.unlogged += 1;
    trouble.lastAt = now;
    if (now - trouble.loggedAt < LINE_INTERVAL_MS) return;
    this.#logger[level]({ ...fields, count: trouble.unlogged }, message);
    trouble.unlogged = 0;
    trouble.loggedAt = now;
  }

  /** Reports a success, which matters only after a failure. `of` is as for `failed`. Costs nothing without trouble. */
  worked(of = ""): void {
    if (this.#trouble === null || !this.#failing.delete(of) || this.#failing.size > 0) return;
    this.#trouble.workedAt = this.#clock.monotonic();
    if (this.#cancel === null) this.#checkIn(this.#quietMs);
  }

  /** Stops logging, because failures while closing are expected; leaves no timer. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = null;
    this.#trouble = null;
  }

  get #quietMs(): number {
    return this.#lines.quietMs ?? QUIET_MS;
  }

  #checkIn(milliseconds: number): void {
    this.#cancel = this.#clock.schedule(milliseconds, () => {
      this.#cancel = null;
      const trouble = this.#trouble;
      // While something is failing, its next success schedules this check again.
      if (trouble === null || this.#failing.size > 0) return;
      const quietMs = this.#clock.monotonic() - trouble.lastAt;
      if (quietMs < this.#quietMs) this.#checkIn(this.#quietMs - quietMs);
      else this.#end(trouble);
    });
  }

  #end({ since, workedAt, count }: Trouble): void {
    this.#trouble = null;
    this.#logger.info({ count, duration_ms: Math.round(workedAt - since) }, this.#lines.over);
  }
}
