import { leafText } from "../../events/store/event-line.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { numberOf } from "../../events/store/position.ts";
import { collectionOf } from "../projection.ts";
import type { BatchProjection, LoadDocuments, Stages } from "../projection.ts";
import type { DocumentStore, GuardedWrite, StoredDocument } from "../store/document-store.ts";
import { GrowingTree, decodeHashes, encodeHashes } from "./merkle-tiles.ts";
import type { TilePlace } from "./merkle-tiles.ts";
import { leafHash } from "./merkle-tree.ts";
import type { Hash } from "./merkle-tree.ts";

const TREE = "tree";

/** The size of the tree, and the hashes that are not in a full tile yet. */
interface TreeDocument extends StoredDocument {
  readonly size: number;
  /** For each level, the hashes of the tile that is not full, in base64. */
  readonly edge: readonly string[];
}

/** A full tile. It never changes. */
interface TileDocument extends StoredDocument {
  /** 256 hashes, in base64. */
  readonly hashes: string;
}

/**
 * The leaf of an event. It never changes, so an event is still known by its stream and revision after the log has lost
 * it.
 */
interface LeafDocument extends StoredDocument {
  readonly leaf: number;
  readonly stream: string;
  readonly revision: number;
}

/** The place of an event when it was added to the tree. */
export interface LeafPlace {
  /** The event's id. */
  readonly id: string;
  /** Counts the log's events from 0. */
  readonly leaf: number;
  readonly stream: string;
  readonly revision: number;
}

/**
 * The Merkle tree over the whole log (RFC 6962). Its leaves are the events in log order, each as canonical JSON of id,
 * stream, revision, type, data and metadata. Unknown types count; an event without a canonical form stops the tree.
 */
export const auditTree: BatchProjection = {
  name: "audit-tree",
  version: 1,
  categories: null,
  indexes: [],
  reads: "recorded",
  async foldBatch(events, load) {
    const tree = (await load([TREE]))[0] as TreeDocument | undefined;
    const newEvents = events.filter(({ position }) => tree === undefined || position > tree.position);
    const last = newEvents.at(-1);
    if (last === undefined) return [];
    const growing = growingTree(tree);
    const fixed = new Map<string, LeafDocument | TileDocument>();
    for (const event of newEvents) {
      const { id, position, stream } = event;
      // No store promises that an id is unique. A repeated id is proven at its first place.
      if (!fixed.has(id)) {
        fixed.set(id, { _id: id, position, leaf: growing.size, stream, revision: numberOf(event.revision) });
      }
      for (const tile of growing.add(leafOf(event))) {
        fixed.set(tileId(tile), { _id: tileId(tile), position, hashes: encodeHashes(tile.hashes) });
      }
    }
    const next: TreeDocument = {
      _id: TREE,
      position: last.position,
      size: growing.size,
      edge: growing.edge.map(encodeHashes),
    };
    const missing = await missingDocuments(fixed, tree?.size ?? 0, load);
    // First the documents that never change: a reader that sees the new size then finds every tile of the tree.
    const stages: Stages = [missing, [{ id: TREE, expected: tree?.position ?? null, next }]];
    return stages;
  },
};

/** The hash of an event's leaf. Throws UnreadableEvent when the event has no canonical form. */
export function leafOf(event: RecordedEvent): Hash {
  return leafHash(leafText(event));
}

/**
 * The writes of the missing documents. Existing ones must be equal, unless the id is a repetition from an earlier
 * batch.
 */
async function missingDocuments(
  documents: ReadonlyMap<string, LeafDocument | TileDocument>,
  sizeBefore: number,
  load: LoadDocuments,
): Promise<GuardedWrite[]> {
  const stored = (await load([...documents.keys()])) as readonly (LeafDocument | TileDocument)[];
  const there = new Set<string>();
  for (const document of stored) {
    const own = documents.get(document._id);
    const earlier = "leaf" in document && document.leaf < sizeBefore;
    // After a crash between the stages, the log must still have the same events.
    if (own !== undefined && !earlier && contentOf(own) !== contentOf(document)) {
      throw new Error(`the log differs from what the audit tree holds in ${document._id}; run verify`);
    }
    there.add(document._id);
  }
  return [...documents.values()]
    .filter(({ _id }) => !there.has(_id))
    .map((next) => ({ id: next._id, expected: null, next }));
}

function contentOf(document: LeafDocument | TileDocument): string {
  return "leaf" in document ? `${document.leaf} ${document.revision} ${document.stream}` : document.hashes;
}

function growingTree(tree: TreeDocument | undefined): GrowingTree {
  return tree === undefined ? new GrowingTree() : new GrowingTree(tree.size, tree.edge.map(decodeHashes));
}

function tileId({ level, index }: TilePlace): string {
  return `tile/${level}/${index}`;
}

/** The model's tree; without leaves if it has not begun. */
export async function treeNow(documents: DocumentStore): Promise<GrowingTree> {
  return growingTree((await documents.load<TreeDocument>(collectionOf(auditTree), [TREE]))[0]);
}

/** The leaf of the event with this id (the first if repeated), or null if the tree does not have it. */
export async function leafPlaceOf(documents: DocumentStore, eventId: string): Promise<LeafPlace | null> {
  const [found] = await documents.load<LeafDocument | TreeDocument | TileDocument>(collectionOf(auditTree), [eventId]);
  return found !== undefined && "leaf" in found ? leafPlace(found) : null;
}

/** The event of this leaf, or null if no document has it. Searches the whole model. */
export async function leafPlaceAt(documents: DocumentStore, leaf: number): Promise<LeafPlace | null> {
  for await (const found of documents.scan<LeafDocument | TreeDocument | TileDocument>(collectionOf(auditTree))) {
    if ("leaf" in found && found.leaf === leaf) return leafPlace(found);
  }
  return null;
}

function leafPlace({ _id: id, leaf, stream, revision }: LeafDocument): LeafPlace {
  return { id, leaf, stream, revision };
}

/** The stored ones of these tiles, each with its 256 hashes, by `level/index`. */
export async function storedTiles(
  documents: DocumentStore,
  places: readonly TilePlace[],
): Promise<ReadonlyMap<string, readonly Hash[]>> {
  const ids = [...new Set(places.map(tileId))];
  const found = await documents.load<TileDocument>(collectionOf(auditTree), ids);
  return new Map(found.map(({ _id, hashes }) => [_id.slice("tile/".length), decodeHashes(hashes)]));
}
