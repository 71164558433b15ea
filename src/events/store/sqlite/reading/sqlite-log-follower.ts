import type {
  EventStore,
  ReadAllOptions,
  ReadStreamOptions,
  RecordedEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from "../../event-store.ts";
import { recordedEvent } from "../../pages/event-row.ts";
import { followPages, readPages, readSingly } from "../../pages/log-pages.ts";
import { numberOf, positionOf } from "../../position.ts";
import type { Position } from "../../position.ts";
import { SignalWatch } from "../log-signal.ts";
import type { LogSignal } from "../log-signal.ts";
import { SqliteLogReader } from "./sqlite-log-reader.ts";

/** The reading half of the event store. */
export type LogReader = Pick<EventStore, "read" | "readAll" | "readAt" | "subscribe" | "head" | "idAt" | "close">;

/**
 * Reads and follows the embedded log in any thread of the process that holds it, with the same directory and the
 * `signal` of its SqliteEventStore. It writes nothing and delays no append.
 */
export class SqliteLogFollower implements LogReader {
  readonly #reader: SqliteLogReader;
  readonly #watch: SignalWatch;

  /** Throws DataDirectoryUnusable when there is no readable log. */
  constructor(options: { directory: string; signal: LogSignal; as?: "member" | "guest" }) {
    this.#reader = new SqliteLogReader(options.directory, options.as);
    this.#watch = new SignalWatch(options.signal);
  }

  /** The random id from the log's creation: positions of one log mean nothing in another. */
  get logId(): string {
    return this.#reader.logId;
  }

  /** Whether an import had not completed the log when it was opened. */
  get importUnfinished(): boolean {
    return this.#reader.importUnfinished;
  }

  async read(stream: string, options: ReadStreamOptions = {}): Promise<RecordedEvent[]> {
    const first = options.from === undefined ? 0 : numberOf(options.from);
    return this.#reader.stream(stream, first, options.limit ?? Number.POSITIVE_INFINITY).map(recordedEvent);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return readPages(this.#reader, options);
  }

  readAt(positions: readonly Position[]): AsyncIterable<RecordedEvent> {
    return readSingly(this.#reader, positions);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return followPages(this.#reader, this.#watch, options);
  }

  async head(): Promise<Position | null> {
    const head = this.#reader.headPosition();
    return head === 0 ? null : positionOf(head);
  }

  async idAt(position: Position): Promise<string | null> {
    return this.#reader.idAt(numberOf(position));
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.#reader.close();
  }
}
