import type { Answers } from "../server-calls.ts";

/** How much is taken from the call before the consumer takes it: that many messages or, where they are large, bytes. */
const MAX_MESSAGES = 256;
const MAX_BYTES = 1024 * 1024;

/**
 * A call of the server's whose messages are taken several at a time: what one read of the socket brings comes together,
 * since waking the consumer for each message costs more than the message. A full queue pauses the call, so that memory is
 * bounded and the server's flow control waits for the consumer.
 */
export class PulledStream {
  readonly #call: Answers;
  #messages: Uint8Array[] = [];
  #bytes = 0;
  #isPaused = false;
  #isWaking = false;
  #error: Error | null = null;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(call: Answers) {
    this.#call = call;
    call.on("data", (message) => this.#add(message));
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

  /** The messages that are here, in order. Throws what the call failed with, once everything before it was taken. */
  take(): Uint8Array[] {
    const messages = this.#messages;
    if (messages.length === 0) {
      if (this.#error !== null) throw this.#error;
      return messages;
    }
    this.#messages = [];
    this.#bytes = 0;
    if (this.#isPaused) this.#call.resume();
    this.#isPaused = false;
    return messages;
  }

  /** True when everything was taken and nothing more will come. */
  get ended(): boolean {
    return this.#ended && this.#messages.length === 0;
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
      if (this.#error !== null || this.#ended || (this.#messages.length > 0 && !this.#isWaking)) settle(true);
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

  #add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#bytes += message.length;
    if (!this.#isPaused && (this.#messages.length >= MAX_MESSAGES || this.#bytes >= MAX_BYTES)) {
      this.#isPaused = true;
      this.#call.pause();
    }
    if (this.#isWaking) return;
    this.#isWaking = true;
    // Once everything that has arrived is here.
    setImmediate(() => {
      this.#isWaking = false;
      this.wake();
    });
  }
}
