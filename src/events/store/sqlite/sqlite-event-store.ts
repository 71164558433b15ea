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
import { StoreUnavailable } from "../event-store-errors.ts";
import type { Position } from "../position.ts";
import type { LogPurpose } from "./files/log-file.ts";
import { announceCommit, newLogSignal } from "./log-signal.ts";
import type { LogSignal } from "./log-signal.ts";
import { SqliteLogFollower } from "./reading/sqlite-log-follower.ts";
import { AppendQueue } from "./writing/append-queue.ts";
import { LogWriter } from "./writing/log-writer.ts";
import type { StartLogWriter } from "./writing/log-writer.ts";

export interface SqliteEventStoreOptions {
  /** A data directory held by this process (`openDataDirectory`). */
  readonly directory: string;
  /** That of the data directory. Without it, nothing but the directory's lock keeps another process out. */
  readonly lockId?: string;
  /** Default: a gateway's work. */
  readonly purpose?: LogPurpose;
  /** Called once when the log accepts no more appends until a restart; reading goes on. */
  readonly onFault?: (error: Error) => void;
  /** Starts the writer's thread. Default: LogWriter.start. */
  readonly startWriter?: StartLogWriter;
}

/**
 * The embedded event store. A separate thread commits appends in groups; reads are made here, on a read-only
 * connection. Open it in one thread; other threads read with SqliteLogFollower and `signal`.
 */
export class SqliteEventStore implements EventStore {
  /** Wakes readers in other threads: pass it to them in their `workerData`. */
  readonly signal: LogSignal;
  readonly #queue: AppendQueue;
  readonly #writer: LogWriter;
  readonly #follower: SqliteLogFollower;
  #closing: Promise<void> | undefined;

  private constructor(signal: LogSignal, queue: AppendQueue, writer: LogWriter, follower: SqliteLogFollower) {
    this.signal = signal;
    this.#queue = queue;
    this.#writer = writer;
    this.#follower = follower;
  }

  /**
   * Opens the log, and creates it if there is none.
   *
   * @throws DataDirectoryUnusable when it is not a log, is damaged, or has a newer version
   */
  static async open(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
    const { directory, onFault, purpose = "work", lockId = null } = options;
    const startWriter: StartLogWriter = options.startWriter ?? ((data, listener) => LogWriter.start(data, listener));
    const signal = newLogSignal();
    const queue: AppendQueue = new AppendQueue((group) => writer.send(group));
    const fault = (reason: string): void => {
      if (queue.refuse(`the event log accepts no appends until a restart: ${reason}`))
        onFault?.(new StoreUnavailable(reason));
    };
    const writer = await startWriter(
      { directory, signal, purpose, lockId },
      {
        outcome: (outcome) => {
          // Refuse first, because settling would send the next group.
          if (outcome.kind === "unknown" || (outcome.kind === "not_written" && outcome.fault)) fault(outcome.reason);
          queue.settle(outcome);
        },
        fault,
        died: (reason) => {
          fault(reason);
          queue.abandon(reason);
        },
      },
    );
    return new SqliteEventStore(signal, queue, writer, new SqliteLogFollower({ directory, signal }));
  }

  /** The random id from the log's creation: positions of one log mean nothing in another. */
  get logId(): string {
    return this.#follower.logId;
  }

  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    const append = prepareAppend(stream, events, expected);
    if (this.#closing !== undefined) throw new StoreUnavailable("the event store is closed");
    return this.#queue.add(append);
  }

  read(stream: string, options?: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#follower.read(stream, options);
  }

  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent> {
    return this.#follower.readAll(options);
  }

  readAt(positions: readonly Position[]): AsyncIterable<RecordedEvent> {
    return this.#follower.readAt(positions);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return this.#follower.subscribe(options);
  }

  head(): Promise<Position | null> {
    return this.#follower.head();
  }

  idAt(position: Position): Promise<string | null> {
    return this.#follower.idAt(position);
  }

  /**
   * Marks the log as one that an import has not completed, so that it is opened for nothing else, or takes the mark away.
   *
   * @throws StoreUnavailable
   */
  markImport(unfinished: boolean): Promise<void> {
    return this.#writer.markImport(unfinished);
  }

  /** Answers the appends under way, ends the subscriptions and moves the write-ahead log into the database. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.drained();
    // SQLite checkpoints when its last connection closes. For a healthy log that is right, so the writer closes last.
    // After a fault nothing may touch the write-ahead log before the next start, so the read-only connection closes
    // last.
    const healthy = this.#queue.open;
    if (healthy) await this.#follower.close();
    await this.#writer.close();
    if (!healthy) await this.#follower.close();
    announceCommit(this.signal);
  }
}
