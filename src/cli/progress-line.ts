/** Where progress is shown: standard error. */
export interface ProgressOutput {
  write(text: string): unknown;
  /** A terminal has one line that is drawn again and again; anything else gets a line now and then. */
  readonly isTTY?: boolean;
}

/** How often it is drawn in a terminal, and how often a line is written elsewhere, in ms. */
const REDRAW_MS = 200;
const LINE_MS = 5_000;

/** How far something is that takes its time: events, rate, percent and remaining time. */
export class ProgressLine {
  readonly #output: ProgressOutput;
  readonly #doing: string;
  readonly #now: () => number;
  readonly #startedAt: number;
  #shownAt: number;
  #drawn = false;

  /**
   * @param doing what is done, as the line begins with it, such as `exporting`
   * @param now milliseconds of any clock that does not go back
   */
  constructor(output: ProgressOutput, doing: string, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#doing = doing;
    this.#now = now;
    this.#startedAt = now();
    this.#shownAt = this.#startedAt;
  }

  /**
   * So many events are done. Cheap enough to be called for each of them.
   *
   * @param fraction how much of all that is, from 0 to 1; null when unknown
   */
  report(events: number, fraction: number | null): void {
    // Asking for the time would cost more than all the rest of it.
    if (events % 64 !== 0) return;
    const now = this.#now();
    if (now - this.#shownAt < (this.#output.isTTY === true ? REDRAW_MS : LINE_MS)) return;
    this.#shownAt = now;
    const line = this.#line(events, fraction, (now - this.#startedAt) / 1_000);
    this.#drawn = this.#output.isTTY === true;
    this.#output.write(this.#drawn ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** Takes the line away again, so that what is written next has one of its own. */
  end(): void {
    if (this.#drawn) this.#output.write("\r\u001b[K");
    this.#drawn = false;
  }

  #line(events: number, fraction: number | null, seconds: number): string {
    const parts = [`${this.#doing}: ${grouped(events)} events`, `${grouped(events / seconds)}/s`];
    if (fraction !== null && fraction > 0) {
      parts.push(`${Math.floor(fraction * 100)} %`, `${remaining((seconds / fraction) * (1 - fraction))} left`);
    }
    return parts.join(", ");
  }
}

function grouped(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

function remaining(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
