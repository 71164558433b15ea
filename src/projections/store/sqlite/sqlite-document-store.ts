import { setImmediate } from "node:timers/promises";
import type { Position } from "../../../events/store/position.ts";
import type {
  Checkpoint,
  CollectionDefinition,
  DocumentQuery,
  DocumentStore,
  FieldRange,
  GuardedWrite,
  StoredDocument,
} from "../document-store.ts";
import { checkCount } from "../document-rules.ts";
import { countPiece } from "./count-piece.ts";
import type { CountedPiece } from "./count-piece.ts";
import { FileAccess } from "./file-access.ts";
import { FollowedFile } from "./followed-file.ts";
import { writeGuarded } from "./guarded-write.ts";
import { prepareIndexes, prepareTable } from "./prepare-collection.ts";
import { querySql, rowsOf } from "./query-sql.ts";
import type { ReadModelsFileOptions } from "./read-models-file.ts";
import { openForWriting } from "./read-models-file.ts";
import { portError } from "./sqlite-failures.ts";

const SCAN_PAGE = 500;

type Row = Record<string, unknown>;

export interface SqliteDocumentStoreOptions extends ReadModelsFileOptions {
  /** Opens read-only. Anything missing, even the file, reads as empty until a writer has created it. Default: false. */
  readonly readOnly?: boolean;
}

/**
 * Read models in one SQLite file, `read-models.sqlite`. There is one writer at a time (a worker thread) and any number
 * of readers, each with its own store over the same directory. Calls are synchronous, on the calling thread.
 */
export class SqliteDocumentStore implements DocumentStore {
  readonly shared = false;
  readonly #access: FileAccess;

  private constructor(access: FileAccess) {
    this.#access = access;
  }

  /**
   * Opens the read models of a data directory. A writer replaces a file that is damaged, has an unknown schema version
   * or belongs to another log, and calls `onReset`. Throws ReadModelsUnavailable when the file cannot be opened.
   */
  static open(directory: string, options: SqliteDocumentStoreOptions = {}): SqliteDocumentStore {
    if (options.readOnly === true) {
      return new SqliteDocumentStore(new FileAccess(directory, true, new FollowedFile(directory, options)));
    }
    try {
      const connection = openForWriting(directory, options);
      const file = { current: () => connection, close: () => connection.close() };
      return new SqliteDocumentStore(new FileAccess(directory, false, file));
    } catch (error) {
      throw portError(error);
    }
  }

  /**
   * See the port. Filling a collection without indexes takes less than half the processor time and a sixth of the disk
   * writes; creating them afterwards takes some seconds for 500,000 documents.
   */
  async prepare(collection: CollectionDefinition, indexes: "now" | "later" = "now"): Promise<void> {
    const sql = this.#access.sql(collection);
    this.#access.write((connection) => {
      prepareTable(connection, sql);
      if (indexes === "now") prepareIndexes(connection, sql);
    });
  }

  async load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]> {
    // One statement with the ids as JSON costs a third of one statement per id.
    return this.#access.read(collection, [], (connection, { load }) =>
      parsed<D>(connection.statement(load).all(JSON.stringify(ids))),
    );
  }

  async write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]> {
    const sql = this.#access.sql(collection);
    return this.#access.write((connection) => {
      const conflicts = writes.filter((write) => !writeGuarded(connection, sql, write)).map(({ id }) => id);
      if (checkpoint !== null && conflicts.length === 0) {
        connection
          .statement("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)")
          .run(checkpoint.name, checkpoint.position, checkpoint.eventId, checkpoint.searchedTo);
      }
      return conflicts;
    });
  }

  async find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]> {
    const made = querySql(this.#access.sql(collection), query);
    return this.#access.read(collection, [], (connection) => parsed<D>(rowsOf(connection, made)));
  }

  async count(collection: CollectionDefinition, range: FieldRange): Promise<number> {
    checkCount(collection, range);
    const sql = this.#access.sql(collection);
    let counted = 0;
    let piece: CountedPiece | null = null;
    do {
      // Lets this thread do other work between two pieces.
      if (piece !== null) await setImmediate();
      piece = this.#access.read(collection, null, (connection) => countPiece(connection, sql, range, piece?.last));
      counted += piece?.count ?? 0;
    } while (piece !== null && piece.last !== null);
    return counted;
  }

  async *scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D> {
    let after: string | null = null;
    do {
      const page = this.#page(collection, after);
      yield* parsed<D>(page);
      after = page.length < SCAN_PAGE ? null : (page.at(-1)?.["_id"] as string);
      // Lets this thread do other work during a long scan.
      await setImmediate();
    } while (after !== null);
  }

  async checkpoint(name: string): Promise<Checkpoint | null> {
    return this.#access.guarded((connection) => {
      // All columns: until a writer migrates the file, `searched_to` may be missing.
      const row = connection?.statement("SELECT * FROM checkpoints WHERE name = ?").get(name);
      if (row === undefined) return null;
      const position = row["position"] as Position;
      const searchedTo = (row["searched_to"] ?? position) as Position;
      return { name, position, eventId: row["event_id"] as string, searchedTo };
    });
  }

  async drop(collection: CollectionDefinition, checkpointName: string): Promise<void> {
    this.#access.write((connection) => {
      connection.database.exec(`DROP TABLE IF EXISTS ${this.#access.sql(collection).table}`);
      connection.statement("DELETE FROM checkpoints WHERE name = ?").run(checkpointName);
    });
  }

  async close(): Promise<void> {
    this.#access.close();
  }

  #page(definition: CollectionDefinition, after: string | null): Row[] {
    return this.#access.read<Row[]>(definition, [], (connection, { firstPage, nextPage }) =>
      after === null
        ? connection.statement(firstPage).all(SCAN_PAGE)
        : connection.statement(nextPage).all(after, SCAN_PAGE),
    );
  }
}

function parsed<D>(rows: readonly Row[]): D[] {
  return rows.map(({ body }) => JSON.parse(body as string) as D);
}
