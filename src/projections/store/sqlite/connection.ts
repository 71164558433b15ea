import type { DatabaseSync, StatementSync } from "node:sqlite";

/** An open database and its prepared statements. */
export class Connection {
  readonly database: DatabaseSync;
  /** By text. There are only a few per collection, because values are bound. */
  readonly #statements = new Map<string, StatementSync>();

  /** False when what was read may be torn, since somebody wrote to a file that is read without a lock. */
  readonly unchanged: () => boolean;

  constructor(database: DatabaseSync, unchanged: () => boolean = () => true) {
    this.database = database;
    this.unchanged = unchanged;
  }

  /** The prepared statement with this text, prepared at the first call. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Does the work in one write transaction: all of it or, if it throws, nothing. */
  transaction<T>(work: () => T): T {
    // IMMEDIATE, because a transaction that begins as a reader cannot wait for another writer later.
    this.database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      // After some failures, such as a full disk, SQLite has already rolled back.
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }
}
