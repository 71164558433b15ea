import type { Answers } from "../server-calls.ts";

/** How much is buffered ahead of the consumer: this many messages or, if they are large, bytes. */
const MAX_MESSAGES = 256;
const MAX_BYTES = 1024 * 1024;

/**
 * A server call whose messages are taken in batches: waking the consumer for each message costs more than the message,
 * so everything that one read of the socket brings is taken together. A full buffer pauses the call, which bounds
 * memory and lets the server's flow control wait for the consumer.
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
    // This listener stays as long as the call: a cancelled call fails once more.
    call.on("error", (error) => {
      this.#error ??= error;
      this.wake();
    });
  }

  /** The buffered messages, in order. Throws the call's error once everything before it was taken. */
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

  /** Resolves to true when there may be messages, or the call ended or failed; to false after `milliseconds`. */
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

  /** Ends a wait in `changed`. */
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
    // After everything that has arrived is buffered.
    setImmediate(() => {
      this.#isWaking = false;
      this.wake();
    });
  }
}
