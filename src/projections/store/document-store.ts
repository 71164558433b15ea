import type { Position } from "../../events/store/position.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the document store. */
export const DOCUMENT_STORE = token<DocumentStore>("DocumentStore");

export type Scalar = string | number;

/** A document of a read model. JSON only; `position` is the log position of the last event folded into it. */
export interface StoredDocument {
  readonly _id: string;
  readonly position: Position;
}

/** A set of documents, with the fields that queries filter and sort by. */
export interface CollectionDefinition {
  /** Letters, digits and `_`; carries the version of the read model, e.g. `deliveries_v1`. */
  readonly name: string;
  /** The fields (top level, text or number, or null) of each index, in order; `_id` follows by itself. */
  readonly indexes: readonly (readonly string[])[];
}

/** One guarded write: it happens only when the stored document's position is still `expected` (null: there is none). */
export interface GuardedWrite<D extends StoredDocument = StoredDocument> {
  readonly id: string;
  readonly expected: Position | null;
  /** What to store; null removes the document. */
  readonly next: D | null;
}

export interface DocumentQuery {
  /** Fields that must have exactly this value. */
  readonly equals?: Readonly<Record<string, Scalar>>;
  /** `from` is inclusive, `to` exclusive. A document whose field is null never matches. */
  readonly range?: { readonly field: string; readonly from?: Scalar; readonly to?: Scalar };
  /** Ties are broken by `_id` in the same direction. */
  readonly order: { readonly field: string; readonly direction: "ascending" | "descending" };
  /** Continue after this document (exclusive), given by its value of the order field and its id. */
  readonly after?: { readonly value: Scalar; readonly id: string };
  readonly limit: number;
}

/** How far a projection has certainly come: a hint where to resume, which may lag behind the documents. */
export interface Checkpoint {
  /** Names the projection and its version. */
  readonly name: string;
  /** The position of an event at or before `searchedTo`. */
  readonly position: Position;
  /** The id of the event there, by which another log differs from the one that this was folded from. */
  readonly eventId: string;
  /** Where to go on in the log, which need not be the position of an event. Versions that wrote none went on at `position`. */
  readonly searchedTo: Position;
}

/**
 * Where read models live. Disposable: all of it can be made again from the log.
 * `test/contract/document-store.contract.ts` states the semantics that every adapter keeps.
 * Every method throws ReadModelsUnavailable when the store cannot answer now.
 */
export interface DocumentStore {
  /** True when others may keep their read models in the same place, so that nothing in it is dropped unasked. */
  readonly shared: boolean;

  /**
   * Makes the collection and its indexes where they are not there yet. With `later`, a new collection may stay without
   * indexes, which makes filling it much cheaper, until the next call without it; queries are right but slow meanwhile.
   */
  prepare(collection: CollectionDefinition, indexes?: "now" | "later"): Promise<void>;

  /** The documents with these ids that exist, in no particular order. */
  load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]>;

  /**
   * Writes at most one write per id, then the checkpoint. Gives the ids whose guard did not hold (those were not
   * written; all others were). The checkpoint is written only when every guard held.
   */
  write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]>;

  /** The documents that match, in order. The order field and every filtered field must be indexed. */
  find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]>;

  /** Every document by ascending `_id` (compared as UTF-8 bytes), in pages, as it is consumed. */
  scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D>;

  /** The checkpoint of that name, or null. */
  checkpoint(name: string): Promise<Checkpoint | null>;

  /** Removes the collection with its documents and this checkpoint; nothing when they are not there. */
  drop(collection: CollectionDefinition, checkpointName: string): Promise<void>;

  close(): Promise<void>;
}

/** The read models cannot answer now; nothing is lost, since they are made from the log. */
export class ReadModelsUnavailable extends Error {
  readonly code = "read_models_unavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReadModelsUnavailable";
  }
}
