import type { Answers } from "./server-calls.ts";

/**
 * A call of the server's that is pulled message by message. `on("data")` would run handlers at once and out of order, and
 * reading ahead would fill memory; in this way the server's flow control waits for the consumer.
 */
export class PulledStream<Message> {
  readonly #call: Answers<Message>;
  #error: Error | null = null;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(call: Answers<Message>) {
    this.#call = call;
    const wake = (): void => this.wake();
    call.on("readable", wake);
    call.on("end", () => {
      this.#ended = true;
      this.wake();
    });
    // Stays for as long as the call: one that was cancelled fails once more.
    call.on("error", (error) => {
      this.#error ??= error;
      this.wake();
    });
  }

  /** The next message when one is here, or null. Throws what the call failed with, once everything before it was taken. */
  take(): Message | null {
    const message = this.#call.read();
    if (message === null && this.#error !== null) throw this.#error;
    return message;
  }

  /** True when everything was taken and nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves to true when there may be something to take, or the call ended or failed; to false after `milliseconds`. */
  changed(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (changed: boolean): void => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(changed);
      };
      const timer = setTimeout(() => settle(false), milliseconds);
      this.#wake = () => settle(true);
      if (this.#error !== null || this.#ended || this.#call.readableLength > 0) settle(true);
    });
  }

  /** Ends a wait. */
  wake(): void {
    this.#wake();
  }

  /** Ends the call on the server, if it has not ended. */
  cancel(): void {
    if (!this.#ended && this.#error === null) this.#call.cancel();
  }
}
