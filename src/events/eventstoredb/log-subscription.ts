import type { Position as ServerPlace } from "@eventstore/db-client";
import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import { PulledStream } from "./pulled-stream.ts";
import { subscriptionRequest } from "./read-request.ts";
import type { AllFilter, AllStart } from "./read-request.ts";
import { foundEventOf } from "./recorded-event.ts";
import type { FoundEvent } from "./recorded-event.ts";
import type { ServerCalls } from "./server-calls.ts";
import { checkpointOf } from "./server-place.ts";
import type { StreamNames } from "./stream-names.ts";

/** What the server says in a subscription, in order. */
export type SubscriptionNews =
  | { readonly kind: "event"; readonly event: FoundEvent }
  /** Everything up to there was looked at; null: there is nothing so far. */
  | { readonly kind: "checkpoint"; readonly place: ServerPlace | null }
  /** Everything that there was has been sent. */
  | { readonly kind: "caughtUp" }
  /** The server has taken the subscription, or says something else that needs no answer. */
  | { readonly kind: "sign" };

const CAUGHT_UP: SubscriptionNews = { kind: "caughtUp" };
const SIGN: SubscriptionNews = { kind: "sign" };

/** One call that the server answers with events as they come, until it breaks. Whoever opened it begins another. */
export class LogSubscription {
  readonly #pulled: PulledStream<ReadResp>;
  readonly #names: StreamNames;
  readonly #broke: (error: Error) => void;

  private constructor(pulled: PulledStream<ReadResp>, names: StreamNames, broke: (error: Error) => void) {
    this.#pulled = pulled;
    this.#names = names;
    this.#broke = broke;
  }

  /** Subscribes behind a place (exclusive). Rejects when there is no connection to be had. */
  static async open(
    calls: Pick<ServerCalls, "read">,
    names: StreamNames,
    after: AllStart,
    filter: AllFilter,
  ): Promise<LogSubscription> {
    const { call, broke } = await calls.read(subscriptionRequest(after, filter));
    return new LogSubscription(new PulledStream(call), names, broke);
  }

  /** The next thing that the server says, when it is here, or null. Throws what the call failed with. */
  next(): SubscriptionNews | null {
    let message: ReadResp | null;
    try {
      message = this.#pulled.take();
    } catch (error) {
      if (error instanceof Error) this.#broke(error);
      throw error;
    }
    if (message === null) return null;
    const event = foundEventOf(message, this.#names);
    if (event !== null) return { kind: "event", event };
    if (message.hasCaughtUp()) return CAUGHT_UP;
    const checkpoint = message.getCheckpoint();
    if (checkpoint === undefined) return SIGN;
    return {
      kind: "checkpoint",
      place: checkpointOf(checkpoint.getCommitPosition(), checkpoint.getPreparePosition()),
    };
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
