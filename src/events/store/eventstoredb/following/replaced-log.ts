import { LogReplaced, StoreUnavailable } from "../../event-store-errors.ts";

/** Remembers that the log was replaced by another one. It then accepts no append until a restart. */
export class ReplacedLog {
  readonly #onFault: (error: Error) => void;
  #replaced: LogReplaced | null = null;

  /** `onFault` is called once, when that is detected. */
  constructor(onFault: (error: Error) => void) {
    this.#onFault = onFault;
  }

  /**
   * Call it before each append.
   *
   * @throws StoreUnavailable when the log was replaced
   */
  refuseAppends(): void {
    if (this.#replaced !== null) throw new StoreUnavailable(`no append until a restart: ${this.#replaced.message}`);
  }

  /** Passes on what is read from the log, and notes a LogReplaced that it throws. */
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
