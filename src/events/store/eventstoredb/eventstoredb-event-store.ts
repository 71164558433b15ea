import { withinTime } from "../../../runtime/time-limit.ts";
import { prepareAppend } from "../append/prepared-append.ts";
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
import { RevisionConflict, StoreUnavailable } from "../event-store-errors.ts";
import type { Position } from "../position.ts";
import { AppendLimit } from "./appending/append-limit.ts";
import { AppendWriter } from "./appending/append-writer.ts";
import { ConnectionState } from "./following/connection-state.ts";
import { followLog } from "./following/follow-log.ts";
import { LogTail } from "./following/log-tail.ts";
import { ReplacedLog } from "./following/replaced-log.ts";
import { checkRights } from "./opening/check-rights.ts";
import { ImportMark } from "./opening/import-mark.ts";
import type { EventStoreDbOptions } from "./opening/eventstoredb-options.ts";
import { openServer } from "./opening/open-server.ts";
import { eventsAt } from "./reading/events-at.ts";
import { LogHead } from "./reading/log-head.ts";
import { EventReader } from "./reading/read-events.ts";
import { scanLog } from "./reading/scan-log.ts";
import { wantedEvents } from "./reading/wanted-events.ts";
import type { ServerCalls } from "./server-calls.ts";
import { StreamNames } from "./stream-names.ts";

/** How long a client's request may wait for the log, in ms: a server that pauses for 3 s causes no errors. */
const DEADLINE_MS = 4_000;
/** A call that brings nothing that is due for this many deadlines is restarted. */
const STALLED_DEADLINES = 1.25;

/** The event store on an EventStoreDB server or cluster, 23.10 or later. */
export class EventStoreDbEventStore implements EventStore {
  readonly importMark: ImportMark;
  readonly #calls: ServerCalls;
  readonly #names: StreamNames;
  readonly #deadlineMs: number;
  readonly #reader: EventReader;
  readonly #head: LogHead;
  readonly #writer: AppendWriter;
  readonly #appends = new AppendLimit();
  readonly #state: ConnectionState;
  readonly #tail: LogTail;
  readonly #replaced: ReplacedLog;
  readonly #closing = new AbortController();
  #knownHead: Position | null = null;
  #closed: Promise<void> | undefined;

  private constructor(calls: ServerCalls, options: EventStoreDbOptions) {
    this.#calls = calls;
    this.#names = new StreamNames(options.prefix);
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#reader = new EventReader(calls, this.#names, this.#deadlineMs, this.#closing.signal);
    this.#head = new LogHead(this.#reader, this.#names.prefixes(undefined));
    this.#writer = new AppendWriter(calls, this.#deadlineMs);
    this.importMark = new ImportMark(this.#names, this.#reader, this.#writer);
    this.#state = new ConnectionState((reason) =>
      options.onConnection?.(reason === null ? { connected: true } : { connected: false, reason }),
    );
    this.#replaced = new ReplacedLog((error) => options.onFault?.(error));
    this.#tail = new LogTail({
      ...this.#scanned,
      stalledMs: this.#stalledMs,
      closing: this.#closing.signal,
      known: () => this.#knownHead,
      connection: this.#state.join(),
    });
  }

  /**
   * Connects to the server, and waits for one that is just starting.
   *
   * @throws EventStoreUnusable when it cannot be reached, refuses the credentials, lacks the rights for `use` or is too
   *   old
   */
  static async open(options: EventStoreDbOptions): Promise<EventStoreDbEventStore> {
    const store = new EventStoreDbEventStore(await openServer(options.url, options), options);
    try {
      if (options.use !== undefined) await checkRights(store.#scanned, options.use, store.#deadlineMs);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /**
   * Whether the database has a stream of this exact name without the prefix, as earlier versions wrote. False also if
   * it cannot be read.
   */
  async hasWithoutPrefix(stream: string): Promise<boolean> {
    const unprefixed = new EventReader(this.#calls, new StreamNames(""), this.#deadlineMs);
    const events = await unprefixed.stream(stream, { limit: 1 }).catch(() => []);
    return events.length > 0;
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const prepared = prepareAppend(stream, events, expected);
    this.#refuseWhenClosed();
    this.#replaced.refuseAppends();
    try {
      const name = this.#names.onServer(stream);
      return await this.#appends.run(prepared.bytes, () => this.#writer.append(name, prepared));
    } catch (error) {
      if (error instanceof RevisionConflict && error.actual !== null) {
        await this.#reader.untilReadable(stream, error.actual);
      }
      throw error;
    }
  }

  async read(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    this.#refuseWhenClosed();
    return this.#reader.stream(stream, options);
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    const { after = null, categories, limit = Number.POSITIVE_INFINITY } = options;
    this.#refuseWhenClosed();
    const end = await this.#reader.end();
    if (end === null || limit <= 0 || (after !== null && end.position <= after)) return;
    const scan = {
      after,
      categories,
      until: end.position,
      signal: this.#closing.signal,
      silenceMs: this.#deadlineMs,
      patienceMs: this.#deadlineMs,
    };
    const wanted = { until: end.position, categories, limit };
    const complete = yield* wantedEvents(this.#replaced.noted(scanLog(this.#scanned, scan)), wanted);
    if (!complete) this.#refuseWhenClosed();
  }

  async *readAt(positions: readonly Position[]): AsyncGenerator<RecordedEvent> {
    this.#refuseWhenClosed();
    yield* eventsAt(this.#reader, positions);
  }

  async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
    this.#refuseWhenClosed();
    const following = {
      ...this.#scanned,
      tail: this.#tail,
      stalledMs: this.#stalledMs,
      closing: this.#closing.signal,
      connection: this.#state.join(),
    };
    yield* this.#replaced.noted(followLog(following, options));
  }

  async head(): Promise<Position | null> {
    this.#refuseWhenClosed();
    const head = await this.#head.find();
    if (head !== null && head > (this.#knownHead ?? "")) {
      this.#knownHead = head;
      this.#tail.hurry();
    }
    return head;
  }

  async idAt(position: Position): Promise<string | null> {
    this.#refuseWhenClosed();
    const event = await this.#reader.at(position);
    return event === null || event.stream === null ? null : event.id;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  get #scanned(): { calls: ServerCalls; names: StreamNames; reader: EventReader } {
    return { calls: this.#calls, names: this.#names, reader: this.#reader };
  }

  get #stalledMs(): number {
    return this.#deadlineMs * STALLED_DEADLINES;
  }

  #refuseWhenClosed(): void {
    if (this.#closing.signal.aborted) throw new StoreUnavailable("the event store is closed");
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    // Closing takes no longer than an append may, whatever the server and the client do.
    const late = (): Error => new Error("the appends do not end");
    await withinTime(this.#appends.drained(), this.#deadlineMs, late).catch(() => undefined);
    this.#writer.close();
    await this.#calls.close(this.#deadlineMs);
  }
}
