import type { EventStoreDBClient, Credentials } from "@eventstore/db-client";
import { AppendOutcomeUnknown, LogReplaced, RevisionConflict, StoreUnavailable } from "../event-store-errors.ts";
import type {
  AppendResult,
  EventStore,
  EventToAppend,
  ExpectedRevision,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from "../event-store.ts";
import { prepareAppend } from "../memory/prepared-append.ts";
import { revisionOf } from "../position.ts";
import type { Position } from "../position.ts";
import { appendErrorOf } from "./append-error.ts";
import { AppendLimit } from "./append-limit.ts";
import { ConnectionState } from "./connection-state.ts";
import { followLog } from "./follow-log.ts";
import type { GuardedConnection } from "./guarded-connection.ts";
import { openClient } from "./open-client.ts";
import type { OpenedClient } from "./open-client.ts";
import { EventReader } from "./read-events.ts";
import { placeOf, serverRevisionOf } from "./server-place.ts";
import { withinTime } from "./time-limit.ts";

/** A subscription that brings nothing for so many deadlines, although something is due, is begun anew. */
const STALLED_DEADLINES = 3;
/** So much longer than its deadline, in ms, an append is waited for: the client counts the deadline from the sending on. */
const GRACE_MS = 500;

export interface EventStoreDbOptions {
  /** `esdb://…` or `esdb+discover://…`. */
  readonly url: string;
  /** Called once when the log was found to be another one: it takes no append any more until a restart. */
  readonly onFault?: (error: Error) => void;
  /** Called when the server cannot be reached, with the reason, and when it can again. */
  readonly onConnection?: (state: { readonly connected: boolean; readonly reason?: string }) => void;
  /** How long an append, and the silence of a read, may last, in ms. Default 1,500: a client waits, and it is asked again. */
  readonly deadlineMs?: number;
}

/** The event store on an EventStoreDB server or cluster, 23.10 or later. */
export class EventStoreDbEventStore implements EventStore {
  readonly #client: EventStoreDBClient;
  readonly #connection: GuardedConnection;
  readonly #credentials: Credentials;
  readonly #options: EventStoreDbOptions;
  readonly #deadlineMs: number;
  readonly #reader: EventReader;
  readonly #appends = new AppendLimit();
  readonly #state: ConnectionState;
  readonly #closing = new AbortController();
  readonly #headListeners = new Set<() => void>();
  #knownHead: Position | null = null;
  #replaced: LogReplaced | null = null;
  #closed: Promise<void> | undefined;

  private constructor({ client, connection, credentials }: OpenedClient, options: EventStoreDbOptions) {
    this.#client = client;
    this.#connection = connection;
    this.#credentials = credentials;
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? 1_500;
    this.#reader = new EventReader(client, this.#deadlineMs);
    this.#state = new ConnectionState((reason) =>
      options.onConnection?.(reason === null ? { connected: true } : { connected: false, reason }),
    );
  }

  /**
   * Connects to the server.
   *
   * @throws EventStoreUnusable when it cannot be reached, refuses the credentials or is too old
   */
  static async open(options: EventStoreDbOptions): Promise<EventStoreDbEventStore> {
    return new EventStoreDbEventStore(await openClient(options.url), options);
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const prepared = prepareAppend(stream, events, expected);
    this.#refuseWhenClosed();
    if (this.#replaced !== null) throw new StoreUnavailable(`no append until a restart: ${this.#replaced.message}`);
    const limit = this.#deadlineMs + GRACE_MS;
    // It may still wait for a connection, be sent later and be written then. Until it has ended, it counts as under way.
    return withinTime(
      this.#appends.run(prepared.bytes, () => this.#append(stream, events, expected, prepared.bytes)),
      limit,
      () => new AppendOutcomeUnknown(`nobody knows whether the append was written: no answer within ${limit} ms`),
    );
  }

  async read(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    this.#refuseWhenClosed();
    return this.#reader.stream(stream, options);
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    this.#refuseWhenClosed();
    yield* this.#reader.all(options);
  }

  async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
    this.#refuseWhenClosed();
    const connection = this.#state.join();
    const following = {
      client: this.#client,
      reader: this.#reader,
      stalledMs: STALLED_DEADLINES * this.#deadlineMs,
      closing: this.#closing.signal,
      known: () => this.#knownHead,
      onKnown: (callback: () => void) => {
        this.#headListeners.add(callback);
        return () => this.#headListeners.delete(callback);
      },
      connection: (reason: string | null) => connection.note(reason),
    };
    try {
      yield* followLog(following, options);
    } catch (error) {
      if (error instanceof LogReplaced && this.#replaced === null) {
        this.#replaced = error;
        this.#options.onFault?.(error);
      }
      throw error;
    } finally {
      if (!this.#closing.signal.aborted) connection.leave();
    }
  }

  async head(): Promise<Position | null> {
    this.#refuseWhenClosed();
    const head = await this.#reader.head();
    if (head !== null && head > (this.#knownHead ?? "")) {
      this.#knownHead = head;
      for (const listener of this.#headListeners) listener();
    }
    return head;
  }

  async idAt(position: Position): Promise<string | null> {
    this.#refuseWhenClosed();
    return this.#reader.idAt(position);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #append(
    stream: string,
    events: readonly EventToAppend[],
    expected: ExpectedRevision,
    bytes: number,
  ): Promise<AppendResult> {
    try {
      const result = await this.#client.appendToStream(
        stream,
        events.map(({ id, type, data, metadata }) => ({
          ...{ id, type, contentType: "application/json" as const },
          data: data as Record<string, unknown>,
          metadata: { ...metadata },
        })),
        {
          expectedRevision: isName(expected) ? expected : serverRevisionOf(expected),
          credentials: this.#credentials,
          deadline: this.#deadlineMs,
        },
      );
      const { success, nextExpectedRevision: last } = result;
      // `throwOnAppendFailure=false` in the URL makes a conflict a result, of -1 when there is no stream.
      if (!success) throw new RevisionConflict(stream, expected, last < 0n ? null : revisionOf(last));
      if (result.position === undefined) throw new TypeError("the server told no position of an append");
      return { revision: revisionOf(last), position: placeOf(result.position) };
    } catch (error) {
      if (error instanceof RevisionConflict) throw error;
      throw appendErrorOf(error, stream, expected, bytes);
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closing.signal.aborted) throw new StoreUnavailable("the event store is closed");
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    // None of it waits longer than an append may take, whatever the server and the client do.
    const limit = this.#deadlineMs + GRACE_MS;
    await withinTime(this.#appends.drained(), limit, () => new Error("the appends do not end")).catch(() => undefined);
    await this.#connection.close(limit);
  }
}

function isName(expected: ExpectedRevision): expected is "any" | "no_stream" | "stream_exists" {
  return expected === "any" || expected === "no_stream" || expected === "stream_exists";
}
