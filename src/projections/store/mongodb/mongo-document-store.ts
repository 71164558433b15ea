import type { Collection, Db, MongoClient } from "mongodb";
import { checkCount, checkQuery, checkWrite, indexedFields } from "../document-rules.ts";
import { ReadModelsUnavailable } from "../document-store.ts";
import type {
  Checkpoint,
  CollectionDefinition,
  DocumentQuery,
  DocumentStore,
  FieldRange,
  GuardedWrite,
  StoredDocument,
} from "../document-store.ts";
import { answeredWithin } from "./call-limit.ts";
import { CHECKPOINTS, checkpointOf, storedCheckpoint } from "./checkpoints.ts";
import type { StoredCheckpoint } from "./checkpoints.ts";
import { writeGuarded } from "./guarded-bulk.ts";
import { guardedOperations, inParts } from "./guarded-operations.ts";
import { portError } from "./mongo-failures.ts";
import { openClient } from "./open-client.ts";
import type { OpenedClient } from "./open-client.ts";
import { prepareIndexes } from "./prepare-indexes.ts";
import { filterOf, sortOf } from "./query-filter.ts";
import { documentOf } from "./stored-form.ts";
import type { StoredForm } from "./stored-form.ts";

const SCAN_PAGE = 500;
/** How long a call may take, in ms: one that a request waits for, part of a batch, and work on a whole collection. */
const LIMIT_MS = { read: 4_000, write: 30_000, all: 30 * 60_000 } as const;

/**
 * Read models in a MongoDB database (5 or later, or compatible). It uses only portable operations: writes guarded by a
 * document's own position, no transactions, and `_id` as the only unique index.
 */
export class MongoDocumentStore implements DocumentStore {
  readonly shared = true;
  readonly #client: MongoClient;
  readonly #db: Db;
  readonly #writesAtOnce: number;
  #closed = false;

  private constructor({ client, database, writesAtOnce }: OpenedClient) {
    this.#client = client;
    this.#db = client.db(database);
    this.#writesAtOnce = writesAtOnce;
  }

  /**
   * Connects to the server. The database is the one in the URL, or `webhook_gateway`.
   *
   * @throws ReadModelsUnusable when it cannot be reached, refuses the credentials or is too old
   */
  static async open(options: { readonly url: string }): Promise<MongoDocumentStore> {
    return new MongoDocumentStore(await openClient(options.url));
  }

  async prepare(collection: CollectionDefinition, indexes: "now" | "later" = "now"): Promise<void> {
    indexedFields(collection);
    await this.#call("all", async () => {
      if (indexes === "now") await prepareIndexes(this.#collection(collection), collection, this.#writesAtOnce);
    });
  }

  load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]> {
    return this.#call("write", async () => {
      if (ids.length === 0) return [];
      const found = this.#collection(collection).find({ _id: { $in: [...ids] } });
      return (await found.project<StoredForm>({ body: 1 }).toArray()).map((stored) => documentOf(stored) as D);
    });
  }

  async write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]> {
    const indexed = indexedFields(collection);
    for (const write of writes) checkWrite(write);
    const conflicts: string[] = [];
    for (const part of inParts(guardedOperations(writes, indexed), this.#writesAtOnce)) {
      conflicts.push(...(await this.#call("write", () => writeGuarded(this.#collection(collection), part))));
    }
    if (checkpoint !== null && conflicts.length === 0) await this.#write(checkpoint);
    return conflicts;
  }

  async find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]> {
    checkQuery(indexedFields(collection), query);
    return this.#call("read", async () => {
      const found = this.#collection(collection).find(filterOf(query)).sort(sortOf(query)).limit(query.limit);
      return (await found.project<StoredForm>({ body: 1 }).toArray()).map((stored) => documentOf(stored) as D);
    });
  }

  async count(collection: CollectionDefinition, range: FieldRange): Promise<number> {
    checkCount(collection, range);
    const filter = filterOf({ range, order: { field: range.field, direction: "ascending" }, limit: 1 });
    return this.#call("read", () => this.#collection(collection).countDocuments(filter));
  }

  async *scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D> {
    let after: string | null = null;
    do {
      const filter: { _id?: { $gt: string } } = after === null ? {} : { _id: { $gt: after } };
      const page: StoredForm[] = await this.#call("write", () =>
        this.#collection(collection).find(filter).sort({ _id: 1 }).limit(SCAN_PAGE).toArray(),
      );
      for (const stored of page) yield documentOf(stored) as D;
      after = page.length < SCAN_PAGE ? null : (page.at(-1)?._id ?? null);
    } while (after !== null);
  }

  checkpoint(name: string): Promise<Checkpoint | null> {
    return this.#call("read", async () => {
      const found = await this.#checkpoints().findOne({ _id: name });
      return found && checkpointOf(found);
    });
  }

  async drop(collection: CollectionDefinition, checkpointName: string): Promise<void> {
    // The checkpoint first: without the documents it would claim that there is nothing to do.
    await this.#call("all", async () => {
      await this.#checkpoints().deleteOne({ _id: checkpointName });
      await this.#collection(collection).drop();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#client.close();
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    const { _id, ...next } = storedCheckpoint(checkpoint);
    await this.#call("write", () => this.#checkpoints().updateOne({ _id }, { $set: next }, { upsert: true }));
  }

  #collection({ name }: CollectionDefinition): Collection<StoredForm> {
    return this.#db.collection<StoredForm>(name);
  }

  #checkpoints(): Collection<StoredCheckpoint> {
    return this.#db.collection<StoredCheckpoint>(CHECKPOINTS);
  }

  /** Makes calls of the driver, and converts their failures to the port's errors. */
  async #call<T>(limit: keyof typeof LIMIT_MS, calls: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ReadModelsUnavailable("the read models are closed");
    try {
      return await answeredWithin(LIMIT_MS[limit], calls());
    } catch (error) {
      throw portError(error);
    }
  }
}
