import type { KnownEvent } from "../events/catalogue.ts";
import type { CollectionDefinition, StoredDocument } from "./document-store.ts";

/** A document without its bookkeeping, which the runner adds. */
export type Content<D extends StoredDocument> = Omit<D, "_id" | "position">;

/** A read model: a pure fold of events into documents. No clock, no order of a map: the same log gives the same bytes. */
export interface Projection<D extends StoredDocument = StoredDocument> {
  /** kebab-case; what operators call it. */
  readonly name: string;
  /** Counts up with every change of the fold or of the indexes; another version fills another collection. */
  readonly version: number;
  /** The categories of the streams whose events it folds. */
  readonly categories: readonly string[];
  readonly indexes: CollectionDefinition["indexes"];
  /** The document that this event changes, or null when the event means nothing here. */
  documentId(event: KnownEvent): string | null;
  /** The document after the event; null removes it (or leaves it unmade). */
  evolve(document: Content<D> | null, event: KnownEvent): Content<D> | null;
}

const collections = new WeakMap<object, CollectionDefinition>();

/** The collection in which this version of the projection keeps its documents; the same object each time. */
export function collectionOf(projection: Pick<Projection, "name" | "version" | "indexes">): CollectionDefinition {
  const known = collections.get(projection);
  if (known !== undefined) return known;
  const name = `${projection.name.replaceAll("-", "_")}_v${projection.version}`;
  const collection = { name, indexes: projection.indexes };
  collections.set(projection, collection);
  return collection;
}

/** The name under which this version's checkpoint is kept. */
export function checkpointNameOf(projection: Pick<Projection, "name" | "version">): string {
  return `${projection.name}@${projection.version}`;
}
