import type { DatabaseSync, StatementSync } from "node:sqlite";
import { decideAppend } from "../../append/append-decision.ts";
import type { EventRow } from "../../pages/event-row.ts";
import { markImport, openLog } from "../files/log-database.ts";
import type { LogPurpose } from "../files/log-file.ts";
import { describeError, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { CONFLICT, WRITTEN } from "./append-group.ts";
import type { AppendGroup, GroupOutcome } from "./append-group.ts";
import { EventTable } from "./event-table.ts";

/** The write-ahead log is moved into the database after this many commits or bytes of events, whichever comes first. */
const CHECKPOINT_COMMITS = 256;
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

/**
 * The writing side of the embedded log: synchronous, one transaction per group. It is the only writer of its data
 * directory, in whichever thread it runs.
 */
export class SqliteLog {
  readonly #db: DatabaseSync;
  readonly #now: () => number;
  readonly #events: EventTable;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #fault: string | null = null;
  #commitsSinceCheckpoint = 0;
  #bytesSinceCheckpoint = 0;

  /**
   * Opens the log of a data directory, and creates it if there is none; `now` dates the events, in milliseconds since
   * the Unix epoch.
   *
   * @throws DataDirectoryUnusable
   */
  constructor(directory: string, options: { now: () => number; purpose?: LogPurpose; lockId?: string | null }) {
    this.#db = openLog(directory, options.purpose ?? "work", options.lockId ?? null);
    this.#now = options.now;
    this.#events = new EventTable(this.#db);
    this.#begin = this.#db.prepare("BEGIN IMMEDIATE");
    this.#commit = this.#db.prepare("COMMIT");
  }

  /**
   * Appends a group in one transaction. Each append has its own check and result, and sees what earlier ones wrote. The
   * group is on disk when this returns `committed`. Never throws.
   */
  appendGroup(group: AppendGroup): GroupOutcome {
    if (this.#fault !== null) return { kind: "not_written", reason: this.#fault, fault: true };
    let results: number[];
    try {
      this.#begin.run();
      results = this.#appendAll(group);
    } catch (error) {
      return this.#notWritten(error);
    }
    try {
      this.#commit.run();
    } catch (error) {
      // A full disk cannot have taken the frame that marks the commit, so nothing is written.
      return sqliteCode(error) === SQLITE.FULL ? this.#notWritten(error) : this.#perhapsWritten(error);
    }
    this.#commitsSinceCheckpoint += 1;
    return { kind: "committed", results };
  }

  /** Notes whether an import is unfinished. Returns why it could not, or null. */
  markImport(unfinished: boolean): string | null {
    try {
      markImport(this.#db, unfinished);
      return null;
    } catch (error) {
      return describeError(error);
    }
  }

  /**
   * Moves the write-ahead log into the database when it has grown enough. Call it after answering. Returns the reason
   * if the disk failed: nothing more is appended until a restart.
   */
  checkpointWhenDue(): string | null {
    if (this.#commitsSinceCheckpoint < CHECKPOINT_COMMITS && this.#bytesSinceCheckpoint < CHECKPOINT_BYTES) return null;
    this.#commitsSinceCheckpoint = 0;
    this.#bytesSinceCheckpoint = 0;
    return this.#checkpoint("PASSIVE");
  }

  /** Checkpoints and closes. After a fault the write-ahead log is left for the next start to recover. */
  close(): void {
    if (this.#fault === null) this.#checkpoint("TRUNCATE");
    this.#db.close();
  }

  #appendAll(group: AppendGroup): number[] {
    const results: number[] = [];
    const recordedAt = this.#now();
    let position = this.#events.lastPosition();
    let next = 0;
    for (const [index, stream] of group.streams.entries()) {
      const first = next;
      next += group.counts[index] ?? 0;
      const head = this.#events.headOf(stream);
      const decision = decideAppend(group.expectations[index] ?? "any", group.ids.slice(first, next), {
        head,
        find: (ids, from, to) => this.#events.find(stream, ids, from, to),
      });
      switch (decision.kind) {
        case "conflict":
          results.push(CONFLICT, head ?? -1, 0);
          break;
        case "already_written":
          results.push(WRITTEN, decision.lastRevision, this.#events.positionAt(stream, decision.lastRevision));
          break;
        case "write": {
          let revision = head ?? -1;
          for (let event = first; event < next; event += 1) {
            position += 1;
            revision += 1;
            this.#write(group, event, { position, stream, revision, recordedAt });
          }
          results.push(WRITTEN, revision, position);
        }
      }
    }
    return results;
  }

  #write(
    group: AppendGroup,
    event: number,
    place: Pick<EventRow, "position" | "stream" | "revision" | "recordedAt">,
  ): void {
    const { ids, types, data, metadata } = group;
    const [id, type, dataText, metadataText] = [ids[event], types[event], data[event], metadata[event]];
    if (id === undefined || type === undefined || dataText === undefined || metadataText === undefined) {
      throw new Error("a group of appends counts more events than it has");
    }
    this.#events.insert({ ...place, id, type, data: dataText, metadata: metadataText });
    this.#bytesSinceCheckpoint += dataText.length + metadataText.length;
  }

  #notWritten(error: unknown): GroupOutcome {
    const reason = describeError(error);
    const code = sqliteCode(error);
    // A full disk and a lock may pass; an unreadable disk or a damaged file does not.
    const passing = code === SQLITE.FULL || code === SQLITE.BUSY;
    if (!passing) this.#fault = reason;
    this.#rollBack();
    return { kind: "not_written", reason, fault: this.#fault !== null, full: code === SQLITE.FULL };
  }

  #perhapsWritten(error: unknown): GroupOutcome {
    // After a failed fsync the next one may succeed although data was lost (PostgreSQL's "fsyncgate", 2018), so nothing
    // may be acknowledged from here on.
    this.#fault = describeError(error);
    this.#rollBack();
    return { kind: "unknown", reason: this.#fault };
  }

  #rollBack(): void {
    try {
      // After some errors SQLite has already rolled back.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch (error) {
      this.#fault ??= describeError(error);
    }
  }

  #checkpoint(mode: "PASSIVE" | "TRUNCATE"): string | null {
    try {
      this.#db.prepare(`PRAGMA wal_checkpoint(${mode})`).get();
      return null;
    } catch (error) {
      // When the disk is full or a reader is in the way, the write-ahead log grows until a later checkpoint succeeds.
      const code = sqliteCode(error);
      if (code === SQLITE.FULL || code === SQLITE.BUSY) return null;
      this.#fault = describeError(error);
      return this.#fault;
    }
  }
}
