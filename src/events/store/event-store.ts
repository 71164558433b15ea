import type { Position, Revision } from "./position.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the event store. */
export const EVENT_STORE = token<EventStore>("EventStore");

/** What an event carries besides its data. The `$` names are EventStoreDB's own, for tracing. */
export interface EventMetadata {
  /** The request that the event goes back to. */
  readonly $correlationId: string;
  /** The command or event that directly led to this event. */
  readonly $causationId: string;
  /** Who acted: `user:<id>`, `anonymous`, or a process such as `delivery-worker`. */
  readonly actor: string;
  /** The version of the schema of `data`, from 1. */
  readonly schemaVersion: number;
}

/** An event to append. Its id makes a repeated append recognisable. */
export interface EventToAppend {
  /** A UUID; derived (version 5) wherever the append may be repeated. */
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: EventMetadata;
}

/** An event in the log. `data` is as appended, not yet checked against the catalogue. */
export interface RecordedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: EventMetadata;
  /** When the store recorded it, ISO 8601 UTC with milliseconds. */
  readonly recordedAt: string;
}

/**
 * What the appender expects of the stream: anything (`any`, for an append of one event), no events (`no_stream`), or a
 * last revision.
 */
export type ExpectedRevision = "any" | "no_stream" | Revision;

/** Where the last event of an append stands. */
export interface AppendResult {
  readonly revision: Revision;
  readonly position: Position;
}

export type SubscriptionMessage =
  | { readonly kind: "event"; readonly event: RecordedEvent }
  /** Comes each time the reader reaches the end, even if the filter left out all new events. */
  | {
      readonly kind: "caughtUp";
      /**
       * The log's last event at that moment. Every event up to it was delivered or left out by the filter. `null`: the
       * log is empty.
       */
      readonly position: Position | null;
      /**
       * A later subscription to the same log with this as `after` misses nothing and delivers nothing twice. It is at
       * or beyond `position`: in a store that other programs write to, it may be past their events, where this log has
       * no event. `null`: the log is empty.
       */
      readonly searchedTo: Position | null;
    };

export interface ReadStreamOptions {
  /** The first revision to read, inclusive. Default: the stream's first. */
  readonly from?: Revision;
  /** At most this many events. Default: all. */
  readonly limit?: number;
}

export interface ReadAllOptions {
  /**
   * Read only after this place (exclusive): the position of an event, or a `searchedTo` of this log. Default: from the
   * beginning.
   */
  readonly after?: Position | null;
  /** Only streams of these categories (the stream's name up to its first `-`). Default: all. */
  readonly categories?: readonly string[];
  /** At most this many events. Default: all that were in the log when reading began. */
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** As in `ReadAllOptions`. */
  readonly after?: Position | null;
  readonly categories?: readonly string[];
  /** Ends the iteration without an error and frees its resources. */
  readonly signal: AbortSignal;
}

/**
 * The log. Every adapter has the same semantics, which `test/contract/event-store.contract.ts` tests.
 *
 * - **A repeated append** (same ids, order and expectation) returns the original result and writes nothing. This makes
 *   a retry after an unknown outcome safe. The same ids with another expectation are new events. If only some of the
 *   ids match, it is a conflict. `any` takes one event at a time, because no server can distinguish a full repetition
 *   of several from a partial one, and it recognises a repetition only among recent events (at least 1,000).
 * - **The same append several times at once** is written once. One call returns the result. Each of the others returns
 *   it too, or throws AppendOutcomeUnknown and returns it when repeated.
 * - **Appends that one caller makes on one store without waiting** for results are written in the order of the calls,
 *   across streams too. A failed append does not hold up those after it.
 * - **An acknowledged append is readable at once** by every method, and the head includes it.
 * - **After a RevisionConflict that names a revision**, a read on the same store finds that revision.
 *
 * The log may share its database: positions may have gaps, and the head may be beyond the log's last event.
 */
export interface EventStore {
  /**
   * Appends the events in order, all or none, and resolves when they are durable.
   *
   * @throws RevisionConflict when the stream is not as expected
   * @throws EventTooLarge when the append is larger than MAX_APPEND_BYTES or the server's lower limit
   * @throws StoreUnavailable when nothing was written and a later try may succeed
   * @throws AppendOutcomeUnknown when it may have been written: try again with the same ids and expectation
   * @throws RangeError for an empty append, several events under `any`, or a malformed stream name
   */
  append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult>;

  /** The events of one stream in order; empty if the stream does not exist. */
  read(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]>;

  /** The log in order, read page by page as it is consumed. */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * The events at exactly these positions, in the order of the positions, read as they are consumed. A position that no
   * event has is passed over.
   */
  readAt(positions: readonly Position[]): AsyncIterable<RecordedEvent>;

  /** The log in order, then new events until the signal aborts. Throws on an event that a reader cannot pass. */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage>;

  /**
   * The end of the log: the position of its last event, or null if it is empty. In a shared database it may be a later
   * position, which every subscription reaches.
   */
  head(): Promise<Position | null>;

  /**
   * The id of the event at exactly this position, or null. Callers use it to check that a position came from this log.
   */
  idAt(position: Position): Promise<string | null>;

  /** Ends subscriptions, waits for appends under way and frees all resources. */
  close(): Promise<void>;
}

/**
 * The largest append, in bytes as counted by `appendBytes`. It is the same for every store, so that any log can be
 * moved to any other. EventStoreDB accepts 1,048,576 (1 MiB) by default; the margin covers what some version may also
 * count, such as the stream's name or a few bytes per event.
 */
export const MAX_APPEND_BYTES = 1_024_000;

/** `<category>-<id>`: the category ends at the first dash. `$` begins the server's own names. */
const STREAM_NAME = /^[a-z][A-Za-z0-9]*-\S{1,200}$/;

/** The category of a stream's name. Throws RangeError for a name that is not `<category>-<id>`. */
export function categoryOf(stream: string): string {
  if (!STREAM_NAME.test(stream)) throw new RangeError(`invalid stream name, expected <category>-<id>: ${stream}`);
  return recordedCategoryOf(stream);
}

/** The category of a stream that the log has, so that its name was checked before. */
export function recordedCategoryOf(stream: string): string {
  return stream.slice(0, stream.indexOf("-"));
}

/** What commands need of the log: to read streams and to append to them. */
export type StreamStore = Pick<EventStore, "append" | "read">;
