import type { Clock } from "../runtime/clock.ts";

/** The least time between two lines while a trouble lasts, in ms. */
const LINE_INTERVAL_MS = 1_000;
/** A trouble is over when what had failed works again and nothing failed for so long, in ms: it may come back at once. */
const QUIET_MS = 1_000;

/** Where the lines go: a logger, as far as it is needed here. */
interface Lines {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TroubleLines {
  /** 50 or 40: whether somebody has to look at it. */
  readonly level: "error" | "warn";
  /** What the lines say while it lasts. */
  readonly trouble: string;
  /** What the last line says. */
  readonly over: string;
  /** How long nothing must have failed before the trouble counts as over, in ms. Default: a second. */
  readonly quietMs?: number;
}

interface Trouble {
  readonly since: number;
  /** Failures in all, and those that no line has counted yet. */
  count: number;
  untold: number;
  toldAt: number;
  lastAt: number;
  workedAt: number;
}

/**
 * Tells of one kind of trouble in few lines, however often it strikes: one when it begins, with the reason; at most one a
 * second while it lasts, with how many failures came since the line before (`count`); and one of level 30 when it is over,
 * with how long it lasted (`duration_ms`) and how many failures there were.
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
   * Something failed.
   *
   * @param fields the reason and what else the line should have
   * @param of which of several things that can be in this trouble apart from each other
   */
  failed(fields: object, of = ""): void {
    if (this.#closed) return;
    const { level, trouble: message } = this.#lines;
    const now = this.#clock.now();
    this.#failing.add(of);
    const trouble = this.#trouble;
    if (trouble === null) {
      this.#trouble = { since: now, count: 1, untold: 0, toldAt: now, lastAt: now, workedAt: now };
      this.#logger[level](fields, message);
      return;
    }
    trouble.count += 1;
    trouble.untold += 1;
    trouble.lastAt = now;
    // A clock that was set back silences nothing.
    if (now >= trouble.toldAt && now - trouble.toldAt < LINE_INTERVAL_MS) return;
    this.#logger[level]({ ...fields, count: trouble.untold }, message);
    trouble.untold = 0;
    trouble.toldAt = now;
  }

  /** Something worked; of no interest unless it had failed. `of` is the same as for `failed`. Costs nothing without trouble. */
  worked(of = ""): void {
    if (this.#trouble === null || !this.#failing.delete(of) || this.#failing.size > 0) return;
    this.#trouble.workedAt = this.#clock.now();
    if (this.#cancel === null) this.#lookIn(this.#quietMs);
  }

  /** Says nothing more, whatever fails while things are closed; and leaves no timer. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = null;
    this.#trouble = null;
  }

  get #quietMs(): number {
    return this.#lines.quietMs ?? QUIET_MS;
  }

  #lookIn(milliseconds: number): void {
    this.#cancel = this.#clock.schedule(milliseconds, () => {
      this.#cancel = null;
      const trouble = this.#trouble;
      // What fails again says so itself when it works.
      if (trouble === null || this.#failing.size > 0) return;
      const quietMs = Math.max(0, this.#clock.now() - trouble.lastAt);
      if (quietMs < this.#quietMs) this.#lookIn(this.#quietMs - quietMs);
      else this.#end(trouble);
    });
  }

  #end({ since, workedAt, count }: Trouble): void {
    this.#trouble = null;
    this.#logger.info({ count, duration_ms: Math.max(0, workedAt - since) }, this.#lines.over);
  }
}
