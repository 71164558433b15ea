import type { Position } from "../../../events/store/position.ts";
import { checkCount, checkQuery, checkWrite, indexedFields, indexedValue } from "../document-rules.ts";
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
import { compareEntries, compareTexts, matchedValue } from "./query-match.ts";

/** A document as text, so that callers cannot change it; its position is kept separately for the guard. */
interface Entry {
  readonly position: Position;
  readonly text: string;
}

/** Read models that live as long as the object: for tests, and as the simplest implementation of the port. */
export class MemoryDocumentStore implements DocumentStore {
  readonly shared = false;
  readonly #collections = new Map<string, Map<string, Entry>>();
  readonly #checkpoints = new Map<string, Checkpoint>();
  #closed = false;

  async prepare(collection: CollectionDefinition): Promise<void> {
    this.#assertOpen();
    indexedFields(collection);
    if (!this.#collections.has(collection.name)) this.#collections.set(collection.name, new Map());
  }

  async load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]> {
    const entries = this.#entries(collection);
    return [...new Set(ids)].flatMap((id) => {
      const entry = entries.get(id);
      return entry === undefined ? [] : [JSON.parse(entry.text) as D];
    });
  }

  async write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]> {
    this.#assertOpen();
    const entries = this.#collections.get(collection.name);
    if (entries === undefined) throw new Error(`the collection ${collection.name} is not prepared`);
    const fields = indexedFields(collection);
    // Check everything before writing, so that an invalid call changes nothing.
    for (const write of writes) {
      checkWrite(write);
      if (write.next !== null) for (const field of fields) indexedValue(write.next, field);
    }
    const conflicts: string[] = [];
    for (const { id, expected, next } of writes) {
      if ((entries.get(id)?.position ?? null) !== expected) conflicts.push(id);
      else if (next === null) entries.delete(id);
      else entries.set(id, { position: next.position, text: JSON.stringify(next) });
    }
    if (checkpoint !== null && conflicts.length === 0) this.#checkpoints.set(checkpoint.name, checkpoint);
    return conflicts;
  }

  async find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]> {
    const entries = this.#entries(collection);
    checkQuery(indexedFields(collection), query);
    return [...entries]
      .flatMap(([id, { text }]) => {
        const document = JSON.parse(text) as D;
        const value = matchedValue(document, query);
        return value === null ? [] : [{ id, value, document }];
      })
      .sort((left, right) => compareEntries(left, right, query))
      .slice(0, query.limit)
      .map(({ document }) => document);
  }

  async count(collection: CollectionDefinition, range: FieldRange): Promise<number> {
    checkCount(collection, range);
    const order = { field: range.field, direction: "ascending" } as const;
    return (await this.find(collection, { range, order, limit: Number.MAX_SAFE_INTEGER })).length;
  }

  async *scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D> {
    const entries = this.#entries(collection);
    for (const id of [...entries.keys()].sort(compareTexts)) {
      this.#assertOpen();
      const entry = entries.get(id);
      if (entry !== undefined) yield JSON.parse(entry.text) as D;
    }
  }

  async checkpoint(name: string): Promise<Checkpoint | null> {
    this.#assertOpen();
    return this.#checkpoints.get(name) ?? null;
  }

  async drop(collection: CollectionDefinition, checkpointName: string): Promise<void> {
    this.#assertOpen();
    this.#collections.delete(collection.name);
    this.#checkpoints.delete(checkpointName);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** The collection's content; to readers, a collection that is not prepared is empty. */
  #entries(collection: CollectionDefinition): ReadonlyMap<string, Entry> {
    this.#assertOpen();
    return this.#collections.get(collection.name) ?? new Map<string, Entry>();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ReadModelsUnavailable("the read models are closed");
  }
}
