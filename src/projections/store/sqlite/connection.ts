import type { DatabaseSync, StatementSync } from "node:sqlite";

/** One open database and the statements prepared on it. */
export class Connection {
  readonly database: DatabaseSync;
  /** By their text: there are a few for each collection, since values are bound. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.database = database;
  }

  /** The prepared statement of this text, made at the first call. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Does the work in one write transaction: all of it or, when it throws, nothing. */
  transaction<T>(work: () => T): T {
    // Immediate, because a transaction that begins as a reader cannot wait for another writer later.
    this.database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.database.exec("COMMIT");
      return result;
    } catch (error) {
      // After some failures, a full disk among them, SQLite has rolled back by itself.
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  close(): void {
    this.database.close();
  }
}
