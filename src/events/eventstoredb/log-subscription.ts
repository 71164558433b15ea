import { START, excludeSystemEvents, streamNameFilter } from "@eventstore/db-client";
import type {
  AllStreamSubscription,
  EventStoreDBClient,
  Position as ServerPosition,
  ResolvedEvent,
} from "@eventstore/db-client";
import type { RecordedEvent } from "../event-store.ts";
import { PulledStream } from "./pulled-stream.ts";
import { recordedEventOf } from "./recorded-event.ts";
import { streamFilter } from "./server-place.ts";

/** How many events the server looks through before it says how far it came, when it finds none that is asked for. */
const SEARCH_WINDOW = 32;

/** One call that the server answers with events as they come, until it breaks. Not resumed: see `followLog`. */
export class LogSubscription {
  readonly #call: AllStreamSubscription;
  readonly #pulled: PulledStream<ResolvedEvent>;
  readonly #wanted: (stream: string) => boolean;
  #confirmed = false;
  #caughtUp = false;
  #checkpoint: ServerPosition | null = null;

  /** Begins behind `after` (exclusive; null: at the log's beginning); `categories` undefined: all streams. */
  constructor(
    client: Pick<EventStoreDBClient, "subscribeToAll">,
    after: ServerPosition | null,
    categories: readonly string[] | undefined,
  ) {
    this.#wanted = streamFilter(categories);
    const progress = {
      maxSearchWindow: SEARCH_WINDOW,
      // It must not throw: nobody would handle that, and the process would end.
      checkpointReached: async (_subscription: unknown, place: ServerPosition): Promise<void> => {
        this.#checkpoint = place;
        this.#pulled.wake();
      },
    };
    this.#call = client.subscribeToAll({
      fromPosition: after ?? START,
      filter:
        categories === undefined
          ? excludeSystemEvents(progress)
          : streamNameFilter({ ...progress, prefixes: categories.map((category) => `${category}-`) }),
    });
    this.#pulled = new PulledStream(this.#call);
    this.#call.on("confirmation", () => {
      this.#confirmed = true;
      this.#pulled.wake();
    });
    this.#call.on("caughtUp", () => {
      this.#caughtUp = true;
      this.#pulled.wake();
    });
    this.#call.on("fellBehind", () => {
      this.#caughtUp = false;
      this.#pulled.wake();
    });
  }

  /** The server has taken the call. */
  get confirmed(): boolean {
    return this.#confirmed;
  }

  /**
   * The server says that it has sent everything. What it sent may still be on its way: this, and a checkpoint, mean
   * something only when `next` gave nothing.
   */
  get saysCaughtUp(): boolean {
    return this.#caughtUp;
  }

  /**
   * Up to where the server has looked without finding anything more that is asked for; null when it said nothing new of
   * it. It is the place of an event, or (with another prepare position) the end of one, where the next one begins.
   */
  takeCheckpoint(): ServerPosition | null {
    const checkpoint = this.#checkpoint;
    this.#checkpoint = null;
    return checkpoint;
  }

  /** True when the server ended the call, which it does without an error when it shuts down. */
  get ended(): boolean {
    return this.#pulled.ended;
  }

  /** The next event when one is here, or null. Throws what the call failed with. */
  next(): RecordedEvent | null {
    for (;;) {
      const resolved = this.#pulled.take();
      if (resolved === null) return null;
      const event = recordedEventOf(resolved);
      if (event !== null && this.#wanted(event.stream)) return event;
    }
  }

  /** Whether `next` may have something to give. */
  get hasMore(): boolean {
    return this.#pulled.hasMore;
  }

  /** Throws what the call failed with, if it has. */
  throwFailure(): void {
    this.#pulled.throwFailure();
  }

  /** Resolves when anything above may have changed, or after `milliseconds`. */
  async changed(milliseconds: number): Promise<void> {
    await this.#pulled.changed(milliseconds);
  }

  /** Ends a wait in `changed`. */
  wake(): void {
    this.#pulled.wake();
  }

  /** Ends the call on the server as well. */
  cancel(): void {
    // It rejects when the call never came about.
    this.#call.unsubscribe().catch(() => undefined);
  }
}
