import { StoreUnavailable } from "../../event-store-errors.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import { subscriptionRequest } from "../wire/read-request.ts";
import type { AllFilter, AllStart } from "../wire/read-request.ts";
import { readServerMessage } from "../wire/server-message.ts";
import type { ServerMessage } from "../wire/server-message.ts";
import { PulledStream } from "./pulled-stream.ts";

/** One call that the server answers with events as they come, until it breaks. Whoever opened it begins another. */
export class LogSubscription {
  readonly #pulled: PulledStream;
  readonly #names: StreamNames;
  readonly #broke: (error: Error) => void;

  private constructor(pulled: PulledStream, names: StreamNames, broke: (error: Error) => void) {
    this.#pulled = pulled;
    this.#names = names;
    this.#broke = broke;
  }

  /** Subscribes after a place (exclusive). Rejects when there is no connection to be had. */
  static async open(
    calls: Pick<ServerCalls, "read">,
    names: StreamNames,
    after: AllStart,
    filter: AllFilter,
  ): Promise<LogSubscription> {
    const { call, broke } = await calls.read(subscriptionRequest(after, filter));
    return new LogSubscription(new PulledStream(call), names, broke);
  }

  /** What the server has said since the last call of this, in order. Throws what the call failed with. */
  take(): ServerMessage[] {
    try {
      return this.#pulled.take().map((message) => readServerMessage(message, this.#names));
    } catch (error) {
      if (error instanceof Error) this.#broke(error);
      throw error;
    }
  }

  /** True when the server ended the call, which it does without an error when it shuts down. */
  get ended(): boolean {
    return this.#pulled.ended;
  }

  /** Resolves to true when anything above may have changed, to false after `milliseconds`. */
  changed(milliseconds: number): Promise<boolean> {
    return this.#pulled.changed(milliseconds);
  }

  /** Ends a wait in `changed`. */
  wake(): void {
    this.#pulled.wake();
  }

  /** Ends the call on the server as well. */
  cancel(): void {
    this.#pulled.cancel();
  }
}

/** A subscription in which nothing came of what is due, for so many milliseconds. */
export function sentNothing(milliseconds: number): StoreUnavailable {
  return new StoreUnavailable(`the event store sent nothing of what is due for ${milliseconds} ms`);
}
