import type { Position, Revision } from "./position.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the event store. */
export const EVENT_STORE = token<EventStore>("EventStore");

/** What is known of an event besides its data. The `$` names are EventStoreDB's own for tracing. */
export interface EventMetadata {
  /** The request that all of this goes back to. */
  readonly $correlationId: string;
  /** The command or event that directly led to this event. */
  readonly $causationId: string;
  /** Who: `user:<id>`, `anonymous`, or a process such as `delivery-worker`. */
  readonly actor: string;
  /** The version of the schema of `data`, from 1. */
  readonly schemaVersion: number;
}

/** An event that is to be appended. Its id makes a repeated append recognisable. */
export interface EventToAppend {
  /** A UUID; derived (version 5) wherever the append may be repeated. */
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: EventMetadata;
}

/** An event as the log has it. `data` is what was appended, not yet checked against the catalogue. */
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
 * What the appender knows of the stream: nothing (`any`, for an append of one event), that it has no event (`no_stream`),
 * or its last event's revision.
 */
export type ExpectedRevision = "any" | "no_stream" | Revision;

/** Where the last event of an append stands. */
export interface AppendResult {
  readonly revision: Revision;
  readonly position: Position;
}

export type SubscriptionMessage =
  | { readonly kind: "event"; readonly event: RecordedEvent }
  /** Comes each time that the reader reaches the end, also when only left-out events were added. */
  | {
      readonly kind: "caughtUp";
      /**
       * The last event of the log: everything at or before it was delivered (or left out by the filter), and nothing more
       * was there at that moment. `null`: the log is empty.
       */
      readonly position: Position | null;
      /**
       * A later subscription to the same log with this as `after` delivers nothing twice and misses nothing. At `position`
       * or beyond it, where a store that other programs write to has looked past their events; no event of the log need be
       * there. `null`: the log is empty.
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
   * Read only what comes after this place (exclusive): the position of an event, or a `searchedTo` of this log. Default:
   * from the beginning.
   */
  readonly after?: Position | null;
  /** Only streams of these categories (the stream's name up to its first `-`). Default: all. */
  readonly categories?: readonly string[];
  /** At most this many events. Default: all that were in the log when the reading began. */
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** As in `ReadAllOptions`. */
  readonly after?: Position | null;
  readonly categories?: readonly string[];
  /** Ends the iteration (without an error) and frees what it holds. */
  readonly signal: AbortSignal;
}

/**
 * The log. Every adapter keeps the same semantics; `test/contract/event-store.contract.ts` states them.
 *
 * - **A repeated append**, of the same ids, order and expectation, gives the original result and writes nothing (a retry
 *   after an unknown outcome). The same ids with another expectation are new events. Ids of which only some match are a
 *   conflict. `any` takes one event at a time, because no server can tell a whole repetition of several from a part of
 *   one; and it finds only a repetition that is not too late (1,000 events at least).
 * - **The same append several times at once** is written once. One of them gives the result; each of the others gives it
 *   too, or throws AppendOutcomeUnknown and gives it when it is repeated.
 * - **Appends made one after the other without waiting** for their results, by one caller on one store, are written in
 *   the order of the calls, also over different streams. One that fails does not hold up those after it.
 * - **What is acknowledged is readable at once** by every method, and the head is not before it.
 * - **After a RevisionConflict that names a revision**, a read on the same store finds it.
 *
 * The log need not be alone in its database: positions may have gaps, and the head may be beyond the log's last event.
 */
export interface EventStore {
  /**
   * Appends the events in order, all or none, and resolves when they are durable.
   *
   * @throws RevisionConflict when the stream is not as expected.
   * @throws EventTooLarge when the append is larger than MAX_APPEND_BYTES, or than a lower limit of the server.
   * @throws StoreUnavailable when nothing was written and a later try may do.
   * @throws AppendOutcomeUnknown when it may or may not be written: try again with the same ids and expectation.
   * @throws RangeError for an empty append, several events under `any`, or a malformed stream name.
   */
  append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult>;

  /** The events of one stream in order; none for a stream that does not exist. */
  read(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]>;

  /** The log in order, read in pages as it is consumed. */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /** The log in order, then what is added, until the signal aborts. Throws what a reader cannot go past. */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage>;

  /**
   * The end of the log: the position of its last event, or null when it is empty. In a database that others write to it may
   * be a later position, which every subscription reaches.
   */
  head(): Promise<Position | null>;

  /**
   * The id of the event at exactly this position, or null when there is none: tells whether this is the log that the
   * position came from.
   */
  idAt(position: Position): Promise<string | null>;

  /** Ends the subscriptions, waits for the appends under way and frees everything. */
  close(): Promise<void>;
}

/**
 * The largest append, in bytes as `appendBytes` counts them; the same for every store, so that what one of them holds can
 * be moved to any other. EventStoreDB takes 1,048,576 (1 MiB) by default. The rest is a margin for what some version of it
 * may count besides, such as the name of the stream or a few bytes for each event.
 */
export const MAX_APPEND_BYTES = 1_024_000;

/** `<category>-<id>`: the category ends at the first dash, so it has none itself; `$` begins the server's own names. */
const STREAM_NAME = /^[a-z][A-Za-z0-9]*-\S{1,200}$/;

/** The category of a stream's name. Throws RangeError for a name that is not `<category>-<id>`. */
export function categoryOf(stream: string): string {
  if (!STREAM_NAME.test(stream)) throw new RangeError(`not a stream name, which is <category>-<id>: ${stream}`);
  return stream.slice(0, stream.indexOf("-"));
}

/** What commands need of the log: to read streams and to append to them. */
export type StreamStore = Pick<EventStore, "append" | "read">;
