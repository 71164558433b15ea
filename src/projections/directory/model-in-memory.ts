import type { KnownEvent } from "../../events/catalogue.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import type { Position } from "../../events/store/position.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { Content, Projection } from "../projection.ts";
import { isOfThisLog } from "../running/another-log.ts";
import type { ReadingPlace } from "../running/reading-place.ts";
import type { DocumentStore, StoredDocument } from "../store/document-store.ts";

/** A read model with all documents in memory: loaded from the store once, then folded from events. */
export class ModelInMemory<D extends StoredDocument> {
  readonly #projection: Projection<D>;
  readonly #onPut: (document: D) => void;
  readonly #documents = new Map<string, D>();

  /** `onPut` gets every new state of a document, for an index. */
  constructor(projection: Projection<D>, onPut: (document: D) => void = () => undefined) {
    this.#projection = projection;
    this.#onPut = onPut;
  }

  get(id: string): D | undefined {
    return this.#documents.get(id);
  }

  /**
   * Loads the stored documents. Returns the place in the log up to which they are complete, or null if there is none.
   */
  async load(store: DocumentStore, log: Pick<EventStore, "head" | "idAt">): Promise<ReadingPlace | null> {
    // The checkpoint first: what is written between the two reads comes again from the log, without harm.
    const checkpoint = await store.checkpoint(checkpointNameOf(this.#projection));
    const documents: D[] = [];
    for await (const document of store.scan<D>(collectionOf(this.#projection))) documents.push(document);
    // The head last: only events that a restored log has lost can then be ahead of it.
    const head = await log.head();
    const isAhead = (position: Position): boolean => head === null || position > head;
    if (
      checkpoint === null ||
      !(await isOfThisLog(checkpoint, log)) ||
      documents.some(({ position }) => isAhead(position))
    )
      return null;
    // Loaded again after a failure: what is known may be newer, and a pause must not end for a moment.
    for (const document of documents) {
      const known = this.#documents.get(document._id);
      if (known === undefined || known.position < document.position) this.#put(document);
    }
    return checkpoint;
  }

  /** Folds an event into its document, unless the document has already seen it. */
  apply(event: KnownEvent): void {
    const id = this.#projection.documentId(event);
    if (id === null) return;
    const known = this.#documents.get(id) ?? null;
    if (known !== null && event.position <= known.position) return;
    const content: Content<D> | null = this.#projection.evolve(known, event);
    if (content === null) this.#documents.delete(id);
    else this.#put({ ...content, _id: id, position: event.position } as unknown as D);
  }

  #put(document: D): void {
    this.#documents.set(document._id, document);
    this.#onPut(document);
  }
}
