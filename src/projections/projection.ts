import type { KnownEvent } from "../events/catalogue.ts";
import type { RecordedEvent } from "../events/store/event-store.ts";
import type { CollectionDefinition, GuardedWrite, StoredDocument } from "./store/document-store.ts";

/** A document without its bookkeeping, which the runner adds. */
export type Content<D extends StoredDocument> = Omit<D, "_id" | "position">;

/** What every read model says of itself. */
export interface ReadModel {
  /** kebab-case; what operators call it. */
  readonly name: string;
  /** Counts up with every change of the fold or of the indexes; another version fills another collection. */
  readonly version: number;
  /** Which of several generations of this version it is; a rebuild makes another one beside the first. Default: 0, the first. */
  readonly generation?: number;
  /** The categories of the streams whose events it folds, the one with the most events first; null: the whole log. */
  readonly categories: readonly string[] | null;
  readonly indexes: CollectionDefinition["indexes"];
}

/** A read model: a pure fold of events into documents. No clock, no order of a map: the same log gives the same bytes. */
export interface Projection<D extends StoredDocument = StoredDocument> extends ReadModel {
  /** The document that this event changes, or null when the event means nothing here. */
  documentId(event: KnownEvent): string | null;
  /** The document after the event; null removes it (or leaves it unmade). */
  evolve(document: Content<D> | null, event: KnownEvent): Content<D> | null;
}

/** Gives the documents of the model with these ids that exist, in no particular order. */
export type LoadDocuments = (ids: readonly string[]) => Promise<readonly StoredDocument[]>;

/**
 * What a batch changes: stages that are written one after the other, the checkpoint with the last. Each document is
 * written at most once a stage. After a crash between two stages the same events are folded again, so that every
 * document has to say by its own `position` what it has seen.
 */
export type Stages = readonly (readonly GuardedWrite[])[];

/**
 * A read model whose documents are not each folded from events of their own. As pure as a `Projection`, in every other
 * respect too. `foldBatch` is given events in log order, each once, perhaps some of an earlier batch, and may
 * throw UnreadableEvent for one that it cannot go past.
 */
export type BatchProjection = ReadModel &
  (
    | {
        /** Events as the catalogue reads them; one that it cannot read stops the projection. */
        readonly reads: "known";
        foldBatch(events: readonly KnownEvent[], load: LoadDocuments): Promise<Stages>;
      }
    | {
        /** Events just as they were recorded, unknown ones too. */
        readonly reads: "recorded";
        foldBatch(events: readonly RecordedEvent[], load: LoadDocuments): Promise<Stages>;
      }
  );

/** Any read model that a runner keeps up with the log. */
export type AnyProjection = Projection | BatchProjection;

const collections = new WeakMap<object, CollectionDefinition>();

/** The collection in which this version of the projection keeps its documents; the same object each time. */
export function collectionOf(
  projection: Pick<ReadModel, "name" | "version" | "generation" | "indexes">,
): CollectionDefinition {
  const known = collections.get(projection);
  if (known !== undefined) return known;
  const generation = projection.generation ?? 0;
  const name = `${projection.name.replaceAll("-", "_")}_v${projection.version}${generation > 0 ? `_g${generation}` : ""}`;
  const collection = { name, indexes: projection.indexes };
  collections.set(projection, collection);
  return collection;
}

/** The name under which the checkpoint of this generation is kept. */
export function checkpointNameOf({
  name,
  version,
  generation = 0,
}: Pick<ReadModel, "name" | "version" | "generation">): string {
  return `${name}@${version}${generation > 0 ? `#${generation}` : ""}`;
}
