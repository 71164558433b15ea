import { ReadModelsUnavailable } from "../document-store.ts";
import type { CollectionDefinition } from "../document-store.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { collectionSql } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";
import { isPrepared } from "./prepare-collection.ts";
import { markDamaged } from "./read-models-file.ts";
import { isDamage, isStatementError, portError } from "./sqlite-failures.ts";

/** The read models' file, opened by a writer or followed by a reader. */
export interface OpenFile {
  /** Null while a reader has no file. */
  current(): Connection | null;
  close(): void;
}

/**
 * Access to the read models' file. It reads missing collections as empty, writes in transactions, converts failures to
 * the port's errors, and marks a damaged file, so that the next writer replaces it.
 */
export class FileAccess {
  readonly #directory: string;
  readonly #readOnly: boolean;
  readonly #file: OpenFile;
  readonly #collections = new WeakMap<CollectionDefinition, CollectionSql>();
  #closed = false;

  constructor(directory: string, readOnly: boolean, file: OpenFile) {
    this.#directory = directory;
    this.#readOnly = readOnly;
    this.#file = file;
  }

  /** The statements of a collection, composed once. */
  sql(definition: CollectionDefinition): CollectionSql {
    let sql = this.#collections.get(definition);
    if (sql === undefined) {
      sql = collectionSql(definition);
      this.#collections.set(definition, sql);
    }
    return sql;
  }

  /**
   * Reads a collection; `empty` is the answer while the writer has not created it.
   *
   * @throws ReadModelsUnavailable
   */
  read<T>(
    definition: CollectionDefinition,
    empty: T,
    read: (connection: Connection, collection: CollectionSql) => T,
  ): T {
    const collection = this.sql(definition);
    return this.guarded((connection) => {
      if (connection === null) return empty;
      try {
        return read(connection, collection);
      } catch (error) {
        if (isStatementError(error) && !isPrepared(connection, collection)) return empty;
        throw error;
      }
    });
  }

  /**
   * Writes in one transaction: all of it or, if it throws, nothing.
   *
   * @throws ReadModelsUnavailable, and TypeError when the file was opened read-only
   */
  write<T>(write: (connection: Connection) => T): T {
    if (this.#readOnly) throw new TypeError("these read models were opened read-only");
    return this.guarded((connection) => {
      if (connection === null) throw new ReadModelsUnavailable("the read models have no file");
      return connection.transaction(() => write(connection));
    });
  }

  /** Works with the connection (null while there is no file), and converts failures to the port's errors. */
  guarded<T>(work: (connection: Connection | null) => T): T {
    try {
      if (this.#closed) throw new ReadModelsUnavailable("the read models are closed");
      const connection = this.#file.current();
      const result = work(connection);
      if (connection?.unchanged() === false) {
        throw new ReadModelsUnavailable("a gateway began to write to the read models; run this again");
      }
      return result;
    } catch (error) {
      if (isDamage(error)) markDamaged(this.#directory);
      throw portError(error);
    }
  }

  /** Closes the file. A second call does nothing. */
  close(): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
  }
}
