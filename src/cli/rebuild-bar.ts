import { ProgressLine } from "./progress-line.ts";
import { warn } from "./warn.ts";

/** One line about one rebuild. */
export class RebuildBar {
  readonly #name: string;
  readonly #progress: ProgressLine;

  /** @param name of the projection */
  constructor(name: string) {
    this.#name = name;
    this.#progress = new ProgressLine(process.stderr, `rebuilding ${name}`);
  }

  /** How far it is; both are positions of the log, null for none. */
  show(position: string | null, head: string | null): void {
    const done = Number(position ?? 0);
    // In whole steps of what the progress looks at.
    this.#progress.report(done - (done % 64), head === null ? null : Math.min(1, done / Number(head)));
  }

  /** `found`: how many documents of the old one differed, or null when they were not compared. */
  done(found: number | null): void {
    this.end();
    const compared = found === null ? "" : found === 0 ? "; the old one was the same" : `; ${found} documents differed`;
    warn(`rebuilt ${this.#name}${compared}`);
  }

  /** Takes the line away, so that what is written next has one of its own. */
  end(): void {
    this.#progress.end();
  }
}
