/** What is needed of a stream of the client, whose own types do not fit Node's. */
export interface ClientStream {
  readonly readableLength: number;
  on(event: "readable" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  read(): unknown;
}

/**
 * A stream of the client that is pulled item by item. `on("data")` would run handlers at once and out of order, and
 * reading ahead would fill memory; in this way the server's flow control waits for the consumer.
 */
export class PulledStream<T> {
  readonly #stream: ClientStream;
  #error: Error | null = null;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(stream: ClientStream) {
    this.#stream = stream;
    const wake = (): void => this.wake();
    stream.on("readable", wake);
    stream.on("end", () => {
      this.#ended = true;
      this.wake();
    });
    // Stays for as long as the stream: a cancelled call may fail once more.
    stream.on("error", (error) => {
      this.#error ??= error;
      this.wake();
    });
  }

  /** The next item when one is here, or null. Throws what the stream failed with. */
  take(): T | null {
    this.throwFailure();
    return this.#stream.read() as T | null;
  }

  /** Throws what the stream failed with, if it has. */
  throwFailure(): void {
    if (this.#error !== null) throw this.#error;
  }

  /** Whether there is something to take. */
  get hasMore(): boolean {
    return this.#stream.readableLength > 0;
  }

  /** True when everything was taken and nothing more will come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves to true when there may be something to take, or the stream ended or failed; to false after `milliseconds`. */
  changed(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (changed: boolean): void => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve(changed);
      };
      const timer = setTimeout(() => settle(false), milliseconds);
      this.#wake = () => settle(true);
      if (this.#error !== null || this.#ended || this.hasMore) settle(true);
    });
  }

  /** Ends a wait. */
  wake(): void {
    this.#wake();
  }
}
