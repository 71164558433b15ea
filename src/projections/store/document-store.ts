import type { Position } from "../../events/store/position.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the document store. */
export const DOCUMENT_STORE = token<DocumentStore>("DocumentStore");

export type Scalar = string | number;

/** A document of a read model, as plain JSON. `position` is the log position of the last event folded into it. */
export interface StoredDocument {
  readonly _id: string;
  readonly position: Position;
}

/** An index of only the documents where one of its fields, `present`, is not null: the others cost it nothing. */
export interface PartialIndex {
  readonly fields: readonly string[];
  readonly present: string;
}

/** The fields of an index (top level; text, number or null), in order; `_id` is added automatically. */
export type IndexDefinition = readonly string[] | PartialIndex;

/** A set of documents, with the fields that queries filter and sort by. */
export interface CollectionDefinition {
  /** Letters, digits and `_`; includes the version of the read model, e.g. `deliveries_v1`. */
  readonly name: string;
  readonly indexes: readonly IndexDefinition[];
}

/** A guarded write: it happens only if the stored document is still at position `expected` (null: there is none). */
export interface GuardedWrite<D extends StoredDocument = StoredDocument> {
  readonly id: string;
  readonly expected: Position | null;
  /** What to store; null removes the document. */
  readonly next: D | null;
}

/** The values of one field, which is not null then: `from` is inclusive, `to` exclusive. */
export interface FieldRange {
  readonly field: string;
  readonly from?: Scalar;
  readonly to?: Scalar;
}

export interface DocumentQuery {
  /** Fields that must have exactly this value. */
  readonly equals?: Readonly<Record<string, Scalar>>;
  /** A document whose field is null never matches. */
  readonly range?: FieldRange;
  /** Ties are broken by `_id` in the same direction. */
  readonly order: { readonly field: string; readonly direction: "ascending" | "descending" };
  /** Continue after this document (exclusive), given its value of the order field and its id. */
  readonly after?: { readonly value: Scalar; readonly id: string };
  readonly limit: number;
}

/** How far a projection is sure to have come: a hint where to resume, which may lag behind the documents. */
export interface Checkpoint {
  /** Names the projection and its version. */
  readonly name: string;
  /** The position of an event at or before `searchedTo`. */
  readonly position: Position;
  /** The id of that event, which distinguishes this log from others. */
  readonly eventId: string;
  /** Where to resume in the log, not necessarily at an event. Versions that stored none resumed at `position`. */
  readonly searchedTo: Position;
}

/**
 * Where read models live. Everything in it can be rebuilt from the log. `test/contract/document-store.contract.ts`
 * tests the semantics that all adapters share. Every method throws ReadModelsUnavailable when the store cannot answer
 * now.
 */
export interface DocumentStore {
  /** True if others may keep read models in the same place, so nothing is dropped unasked. */
  readonly shared: boolean;

  /**
   * Creates the collection and its missing indexes. With `later`, a new collection may stay without indexes until the
   * next call without it: filling it is much cheaper, and queries are correct but slow.
   */
  prepare(collection: CollectionDefinition, indexes?: "now" | "later"): Promise<void>;

  /** The existing documents with these ids, in no particular order. */
  load<D extends StoredDocument>(collection: CollectionDefinition, ids: readonly string[]): Promise<D[]>;

  /**
   * Carries out at most one write per id, then stores the checkpoint. Returns the ids whose guard did not hold: those
   * were not written, all others were. The checkpoint is stored only if every guard held.
   */
  write(
    collection: CollectionDefinition,
    writes: readonly GuardedWrite[],
    checkpoint: Checkpoint | null,
  ): Promise<string[]>;

  /** The matching documents, in order. The order field and every filtered field must be indexed. */
  find<D extends StoredDocument>(collection: CollectionDefinition, query: DocumentQuery): Promise<D[]>;

  /**
   * How many documents have a value in this range; the field must be an index of its own. Reads that index and no
   * document: a quarter of a second for a million, in pieces of a millisecond between which other work goes on.
   */
  count(collection: CollectionDefinition, range: FieldRange): Promise<number>;

  /** Every document by ascending `_id` (compared as UTF-8 bytes), page by page as it is consumed. */
  scan<D extends StoredDocument>(collection: CollectionDefinition): AsyncIterable<D>;

  /** The checkpoint with that name, or null. */
  checkpoint(name: string): Promise<Checkpoint | null>;

  /** Removes the collection with its documents, and this checkpoint. Does nothing if they do not exist. */
  drop(collection: CollectionDefinition, checkpointName: string): Promise<void>;

  close(): Promise<void>;
}

/** The read models cannot be used now. Nothing is lost, because they are built from the log. */
export class ReadModelsUnavailable extends Error {
  readonly code = "read_models_unavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReadModelsUnavailable";
  }
}
