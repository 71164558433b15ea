import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { ReadModel } from "../projection.ts";
import type {
  Checkpoint,
  CollectionDefinition,
  DocumentQuery,
  DocumentStore,
  FieldRange,
  GuardedWrite,
  StoredDocument,
} from "../store/document-store.ts";
import { loadGenerations } from "./generations.ts";
import type { GenerationId } from "./generations.ts";

/**
 * A document store whose readers always see the live generation of each read model. They name the first generation of
 * the version they know, as if it were the only one.
 */
export class LiveDocuments implements DocumentStore {
  readonly #documents: DocumentStore;
  readonly #models: readonly ReadModel[];
  readonly #collections = new Map<string, CollectionDefinition>();
  readonly #checkpoints = new Map<string, string | null>();

  private constructor(documents: DocumentStore, models: readonly ReadModel[]) {
    this.#documents = documents;
    this.#models = models;
  }

  /** Wraps a store that is empty or has only first generations. */
  static overNew(documents: DocumentStore, models: readonly ReadModel[]): LiveDocuments {
    return new LiveDocuments(documents, models);
  }

  /** Wraps a store, and loads which generations are live. Throws what the document store throws. */
  static async over(documents: DocumentStore, models: readonly ReadModel[]): Promise<LiveDocuments> {
    const live = LiveDocuments.overNew(documents, models);
    await live.refresh();
    return live;
  }

  get shared(): boolean {
    return this.#documents.shared;
  }

  /** Loads which generations are live: another instance may have switched. Throws what the document store throws. */
  async refresh(): Promise<void> {
    for (const [name, generations] of await loadGenerations(this.#documents, this.#models))
      this.switchTo(name, generations.live);
  }

  /** Readers see this generation of the model from now on. */
  switchTo(name: string, generationId: GenerationId): void {
    const model = this.#models.find((one) => one.name === name);
    if (model === undefined) return;
    const shown = { name, indexes: model.indexes, ...generationId };
    this.#collections.set(collectionOf(model).name, collectionOf(shown));
    // A generation from an earlier version of a fold can be shown, but not folded further.
    this.#checkpoints.set(
      checkpointNameOf(model),
      generationId.version === model.version ? checkpointNameOf(shown) : null,
    );
  }

  prepare(collection: CollectionDefinition, indexes?: "now" | "later"): Promise<void> {
    return this.#documents.prepare(this.#live(collection), indexes);
  }

  load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]> {
    return this.#documents.load(this.#live(collection), ids);
  }

  write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]> {
    return this.#documents.write(this.#live(collection), writes, checkpoint);
  }

  find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]> {
    return this.#documents.find(this.#live(collection), query);
  }

  count(collection: CollectionDefinition, range: FieldRange): Promise<number> {
    return this.#documents.count(this.#live(collection), range);
  }

  scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D> {
    return this.#documents.scan(this.#live(collection));
  }

  async checkpoint(name: string): Promise<Checkpoint | null> {
    const live = this.#checkpoints.get(name);
    return live === null ? null : this.#documents.checkpoint(live ?? name);
  }

  drop(collection: CollectionDefinition, checkpointName: string): Promise<void> {
    return this.#documents.drop(this.#live(collection), checkpointName);
  }

  close(): Promise<void> {
    return this.#documents.close();
  }

  #live(collection: CollectionDefinition): CollectionDefinition {
    return this.#collections.get(collection.name) ?? collection;
  }
}
