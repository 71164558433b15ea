import { StoreUnavailable } from "../../event-store-errors.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import { subscriptionRequest } from "../wire/read-request.ts";
import type { AllFilter, AllStart } from "../wire/read-request.ts";
import { readServerMessage } from "../wire/server-message.ts";
import type { ServerMessage } from "../wire/server-message.ts";
import { PulledStream } from "./pulled-stream.ts";

/** One call that the server answers with events as they come, until it breaks. The caller then opens another. */
export class LogSubscription {
  readonly #pulled: PulledStream;
  readonly #names: StreamNames;
  readonly #broke: (error: Error) => void;

  private constructor(pulled: PulledStream, names: StreamNames, broke: (error: Error) => void) {
    this.#pulled = pulled;
    this.#names = names;
    this.#broke = broke;
  }

  /** Subscribes after a place (exclusive). Rejects when there is no connection. */
  static async open(
    calls: Pick<ServerCalls, "read">,
    names: StreamNames,
    after: AllStart,
    filter: AllFilter,
  ): Promise<LogSubscription> {
    const { call, broke } = await calls.read(subscriptionRequest(after, filter));
    return new LogSubscription(new PulledStream(call), names, broke);
  }

  /** The server's messages since the last `take`, in order. Throws the call's error. */
  take(): ServerMessage[] {
    try {
      return this.#pulled.take().map((message) => readServerMessage(message, this.#names));
    } catch (error) {
      if (error instanceof Error) this.#broke(error);
      throw error;
    }
  }

  /** True when the server ended the call; at its shutdown it does so without an error. */
  get ended(): boolean {
    return this.#pulled.ended;
  }

  /** Resolves to true when `take` or `ended` may have changed, to false after `milliseconds`. */
  changed(milliseconds: number): Promise<boolean> {
    return this.#pulled.changed(milliseconds);
  }

  /** Ends a wait in `changed`. */
  wake(): void {
    this.#pulled.wake();
  }

  /** Ends the call on the server too. */
  cancel(): void {
    this.#pulled.cancel();
  }
}

/** The error for a subscription that brought nothing that is due for this long. */
export function sentNothing(milliseconds: number): StoreUnavailable {
  return new StoreUnavailable(`the event store sent nothing of what is due for ${milliseconds} ms`);
}
