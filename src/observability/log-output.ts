import type { DestinationStream } from "pino";
import { DoublingWait } from "../runtime/doubling-wait.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Output } from "./output.ts";

/** How much waits for the output, in bytes: lines beyond it are dropped. */
export const MAX_WAITING_BYTES = 1024 * 1024;
/** Between two tries of an output that takes nothing, in ms. Short at first: a reader usually is only a little slower. */
const FIRST_RETRY_MS = 1;
const LONGEST_RETRY_MS = 500;
/** A write that takes longer than this does not return, in ms. */
const STUCK_MS = 1_000;

export interface LogOutputOptions {
  readonly output: Output;
  readonly clock: Pick<Clock, "monotonic" | "schedule">;
  /** Called for each line that is dropped. */
  readonly onDrop: () => void;
  /** Called with their number when the output has taken everything that waited; may write a line. */
  readonly onRecovery: (dropped: number) => void;
}

/**
 * Brings the lines of the program's log to an output that may be slow, full or closed, and that may work again later. The
 * thread that logs never waits: one write is under way at a time, and the lines since then wait for the next one. After
 * the first line that finds no room, lines are dropped until everything that waited is written, so that they lack in one place.
 */
export class LogOutput implements DestinationStream {
  readonly #options: LogOutputOptions;
  readonly #retries = new DoublingWait(FIRST_RETRY_MS, LONGEST_RETRY_MS);
  /** The lines after `#sending`. */
  #text = "";
  #sending: Buffer | null = null;
  /** How much of `#sending` is written. */
  #sent = 0;
  #waitingBytes = 0;
  #dropped = 0;
  /** Set until everything is written. */
  #busy = false;
  /** Since when a write is under way, by the monotonic clock, in ms. */
  #writingSince: number | null = null;
  #flushed: (() => void)[] = [];

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** Takes a line, with its line feed. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#dropped > 0 || this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped++;
      this.#options.onDrop();
      // Nothing is under way when a single line is too long.
      if (this.#busy) return;
    } else {
      this.#text += line;
      this.#waitingBytes += bytes;
    }
    if (this.#busy) return;
    this.#busy = true;
    // The lines of one turn share a write.
    setImmediate(this.#proceed);
  }

  /** Resolves when every line is written, or after `limitMs`. */
  flush(limitMs: number): Promise<void> {
    if (!this.#busy) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(limitMs, resolve);
      this.#flushed.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /**
   * Writes what the output takes at once. Call it when the process exits, after which no write calls back. A write that
   * does not return would hold the exit as well, since Node waits for the threads of its pool: then `kill` is called.
   */
  end(kill: () => void): void {
    if (this.#writingSince !== null && this.#options.clock.monotonic() - this.#writingSince > STUCK_MS) {
      kill();
      return;
    }
    try {
      // What a write under way has is written before the pool ends.
      if (this.#writingSince === null && this.#sending !== null) {
        this.#options.output.writeNow(this.#sending.subarray(this.#sent));
      }
      this.#options.output.writeNow(Buffer.from(this.#text));
    } catch {
      // It takes nothing. The process must end all the same.
    }
  }

  readonly #proceed = (): void => {
    if (this.#sending === null) {
      this.#sending = Buffer.from(this.#text);
      this.#text = "";
      this.#sent = 0;
    }
    if (this.#sending.length === 0) {
      this.#rest();
      return;
    }
    this.#writingSince = this.#options.clock.monotonic();
    this.#options.output.write(this.#sending, this.#sent, this.#written);
  };

  readonly #written = (error: NodeJS.ErrnoException | null, bytes: number): void => {
    this.#writingSince = null;
    if (error !== null || bytes === 0) {
      // A full disk may have room again, a pipe another reader: there is no error after which it never works again.
      this.#options.clock.schedule(this.#retries.next(), this.#proceed);
      return;
    }
    this.#retries.reset();
    this.#sent += bytes;
    this.#waitingBytes -= bytes;
    if (this.#sent === this.#sending?.length) this.#sending = null;
    this.#proceed();
  };

  /** Everything is written. */
  #rest(): void {
    this.#sending = null;
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.#options.onRecovery(dropped);
    // The line about it goes out before the lines count as written.
    if (this.#text !== "") {
      this.#proceed();
      return;
    }
    this.#busy = false;
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
