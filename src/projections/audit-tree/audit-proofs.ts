import { ReadModelsUnavailable } from "../store/document-store.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { storedTiles } from "./audit-tree.ts";
import { consistencyParts, inclusionParts } from "./merkle-proofs.ts";
import type { ProofPart } from "./merkle-proofs.ts";
import { isFull, subtreeHash, tileOf } from "./merkle-tiles.ts";
import type { GrowingTree } from "./merkle-tiles.ts";
import { joined, subtreesOf } from "./merkle-tree.ts";
import type { Hash } from "./merkle-tree.ts";

/** A leaf in a tree of some size. */
export interface InclusionProof {
  readonly leafHash: Hash;
  readonly root: Hash;
  /** From the leaf upwards (RFC 6962, section 2.1.1). */
  readonly proof: readonly Hash[];
}

/** A proof that a tree begins with a smaller one. */
export interface ConsistencyProof {
  readonly fromRoot: Hash;
  /** RFC 6962, section 2.1.2. */
  readonly proof: readonly Hash[];
}

/**
 * The proof that this leaf is in the tree of `size` leaves, which the tree may have had long ago.
 *
 * @param tree the model's tree, with at least `size` leaves
 * @throws RangeError when there is no such leaf or tree, ReadModelsUnavailable
 */
export async function inclusionProof(
  documents: DocumentStore,
  tree: GrowingTree,
  leaf: number,
  size: number,
): Promise<InclusionProof> {
  const parts = [{ start: leaf, end: leaf + 1 }, { start: 0, end: size }, ...inclusionParts(leaf, size)];
  const [leafHash, root, ...proof] = (await hashesOf(documents, tree, parts)) as [Hash, Hash, ...Hash[]];
  return { leafHash, root, proof };
}

/** The proof that the tree of `to` leaves begins with that of `from`; otherwise like `inclusionProof`. */
export async function consistencyProof(
  documents: DocumentStore,
  tree: GrowingTree,
  from: number,
  to: number,
): Promise<ConsistencyProof> {
  const parts = [{ start: 0, end: from }, ...consistencyParts(from, to)];
  const [fromRoot, ...proof] = (await hashesOf(documents, tree, parts)) as [Hash, ...Hash[]];
  return { fromRoot, proof };
}

/** The hashes of these nodes, each over the leaves of its part. Loads a few tiles per level, all at once. */
async function hashesOf(documents: DocumentStore, tree: GrowingTree, parts: readonly ProofPart[]): Promise<Hash[]> {
  if (parts.some(({ end }) => end > tree.size)) throw new RangeError(`the tree has only ${tree.size} leaves`);
  const needed = parts.map(({ start, end }) =>
    subtreesOf(start, end).map((subtree) => ({ subtree, tile: tileOf(subtree) })),
  );
  const full = needed.flat().flatMap(({ tile }) => (isFull(tile, tree.size) ? [tile] : []));
  const stored = await storedTiles(documents, full);
  return needed.map((subtrees) =>
    joined(
      subtrees.map(({ subtree, tile }) => {
        const hashes = isFull(tile, tree.size) ? stored.get(`${tile.level}/${tile.index}`) : tree.edge[tile.level];
        // Tiles are written before the tree that contains them.
        if (hashes === undefined) throw new ReadModelsUnavailable("the audit tree is incomplete: rebuild it");
        return subtreeHash(subtree, hashes);
      }),
    ),
  );
}
