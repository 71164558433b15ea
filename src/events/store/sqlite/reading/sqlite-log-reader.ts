import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { StoreUnavailable } from "../../event-store-errors.ts";
import type { EventRow } from "../../pages/event-row.ts";
import type { LogPage, LogPages, LogPlaces } from "../../pages/log-pages.ts";
import { hasUnfinishedImport, metaValue, unusable } from "../files/log-database.ts";
import { logPath } from "../files/log-file.ts";
import { guestFile } from "../../../../runtime/guest-file.ts";
import type { GuestFile } from "../../../../runtime/guest-file.ts";
import { describeError } from "../../../../runtime/sqlite-error.ts";

/** A page ends after the event that brings it to this many characters of JSON, whatever the number of events. */
const PAGE_CHARACTERS = 4 * 1024 * 1024;

const COLUMNS = "position, stream, revision, id, type, data, metadata, recorded_at AS recordedAt";

/**
 * The reading side of the embedded log: synchronous, on its own read-only connection. Every call sees all earlier
 * commits. No transaction stays open between calls, so a reader never holds up a checkpoint.
 */
export class SqliteLogReader implements LogPages, LogPlaces {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The random id from the log's creation. */
  readonly logId: string;
  /** Whether an import had not completed the log when it was opened. */
  readonly importUnfinished: boolean;
  readonly #guest: GuestFile | null;

  /**
   * Opens the log of a data directory, which a writer must have created.
   *
   * @param as a guest reads the log of another process, or of nobody, and leaves nothing beside it
   * @throws DataDirectoryUnusable
   */
  constructor(directory: string, as: "member" | "guest" = "member") {
    let db: DatabaseSync | undefined;
    try {
      this.#guest = as === "guest" ? guestFile(logPath(directory)) : null;
      db = new DatabaseSync(this.#guest?.location ?? logPath(directory), { readOnly: true, timeout: 1000 });
      db.exec(this.#guest?.prepare ?? "");
      this.logId = metaValue(db, "log_id");
      this.importUnfinished = hasUnfinishedImport(db);
      this.#db = db;
    } catch (error) {
      db?.close();
      throw unusable(directory, error);
    }
  }

  headPosition(): number {
    return this.#query("SELECT max(position) AS head FROM events", (statement) => {
      const head = statement.get()?.["head"];
      return typeof head === "number" ? head : 0;
    });
  }

  /** The id of the event at this position, or null. */
  idAt(position: number): string | null {
    return this.#query("SELECT id FROM events WHERE position = ?", (statement) => {
      const id = statement.get(position)?.["id"];
      return typeof id === "string" ? id : null;
    });
  }

  at(position: number): EventRow | null {
    return this.#query(
      `SELECT ${COLUMNS} FROM events WHERE position = ?`,
      (statement) => (statement.get(position) as EventRow | undefined) ?? null,
    );
  }

  page(after: number, categories: readonly string[] | undefined, limit: number): LogPage {
    if (categories === undefined) {
      return this.#rows(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`, [after, limit]);
    }
    const names = [...new Set(categories)];
    if (names.length === 0) return { rows: [], end: true };
    const parameters = names.flatMap((name) => [name, after, limit]);
    return this.#rows(ofCategories(names.length), [...parameters, limit]);
  }

  /** The events of a stream from revision `first` on, at most `limit` (Infinity: all). */
  stream(stream: string, first: number, limit: number): readonly EventRow[] {
    return this.#query(
      `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
      // In SQLite a negative limit means no limit.
      (statement) => statement.all(stream, first, Number.isFinite(limit) ? limit : -1) as unknown as EventRow[],
    );
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** The page of a query whose last parameter is the limit. */
  #rows(sql: string, parameters: (string | number)[]): LogPage {
    return this.#query(sql, (statement) => {
      const rows: EventRow[] = [];
      let characters = 0;
      for (const found of statement.iterate(...parameters)) {
        const row = found as unknown as EventRow;
        rows.push(row);
        characters += row.data.length + row.metadata.length;
        if (characters >= PAGE_CHARACTERS) return { rows, end: false };
      }
      return { rows, end: rows.length < Number(parameters.at(-1)) };
    });
  }

  #query<T>(sql: string, run: (statement: StatementSync) => T): T {
    if (!this.#db.isOpen) throw new StoreUnavailable("the event store is closed");
    try {
      let statement = this.#statements.get(sql);
      if (statement === undefined) {
        statement = this.#db.prepare(sql);
        this.#statements.set(sql, statement);
      }
      const result = run(statement);
      if (this.#guest?.unchanged() === false) throw new Error("a gateway began to write to it; run this again");
      return result;
    } catch (error) {
      throw new StoreUnavailable(`the event log cannot be read: ${describeError(error)}`, { cause: error });
    }
  }
}

/**
 * One query per category over its index, each already ordered and cut at the limit, merged by SQLite. A plain `category
 * IN (…)` would sort, or scan, all events of the categories after `after`.
 */
function ofCategories(count: number): string {
  const one =
    "SELECT position FROM (SELECT position FROM events INDEXED BY events_by_category" +
    " WHERE category = ? AND position > ? ORDER BY position LIMIT ?)";
  const merged = `${Array.from({ length: count }, () => one).join(" UNION ALL ")} ORDER BY position LIMIT ?`;
  return `SELECT ${COLUMNS} FROM (${merged}) CROSS JOIN events USING (position) ORDER BY position`;
}
