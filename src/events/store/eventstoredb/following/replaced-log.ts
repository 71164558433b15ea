import { LogReplaced, StoreUnavailable } from "../../event-store-errors.ts";

/** Remembers that the log was found to be another one, after which it takes no append until a restart. */
export class ReplacedLog {
  readonly #onFault: (error: Error) => void;
  #replaced: LogReplaced | null = null;

  /** `onFault` is called once, when that is found. */
  constructor(onFault: (error: Error) => void) {
    this.#onFault = onFault;
  }

  /**
   * To be called before each append.
   *
   * @throws StoreUnavailable when the log is another one
   */
  refuseAppends(): void {
    if (this.#replaced !== null) throw new StoreUnavailable(`no append until a restart: ${this.#replaced.message}`);
  }

  /** Gives what is read of the log as it is, and notes when that shows that the log is another one. */
  async *noted<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      if (error instanceof LogReplaced && this.#replaced === null) {
        this.#replaced = error;
        this.#onFault(error);
      }
      throw error;
    }
  }
}
