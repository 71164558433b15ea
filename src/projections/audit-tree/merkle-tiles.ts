import { HASH_BYTES, rootOf } from "./merkle-tree.ts";
import type { Hash, Subtree } from "./merkle-tree.ts";

/** How many hashes a full tile has, and how many levels of the tree one level of tiles spans. */
export const TILE_WIDTH = 256;
const TILE_LEVELS = 8;

/**
 * The place of a tile: it holds the roots of the perfect subtrees of `256^level` leaves each, from subtree `index *
 * 256` on. Tiles of level 0 hold hashes of leaves.
 */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
}

/** A full tile. It never changes. */
export interface FullTile extends TilePlace {
  /** All 256. */
  readonly hashes: readonly Hash[];
}

/** A tree that grows leaf by leaf and keeps only its right edge: at most 255 hashes per level of tiles. */
export class GrowingTree {
  #size: number;
  readonly #edge: Hash[][];

  /** Continues a tree with this many leaves and this edge. Default: an empty tree. */
  constructor(size = 0, edge: readonly (readonly Hash[])[] = []) {
    this.#size = size;
    this.#edge = edge.map((hashes) => [...hashes]);
  }

  get size(): number {
    return this.#size;
  }

  /** The hashes of each level's incomplete tile, level 0 first. */
  get edge(): readonly (readonly Hash[])[] {
    return this.#edge;
  }

  /** Adds the hash of the next leaf, and returns the tiles that it completes, level 0 first. */
  add(leaf: Hash): FullTile[] {
    this.#size += 1;
    const full: FullTile[] = [];
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      const hashes = (this.#edge[level] ??= []);
      hashes.push(hash);
      if (hashes.length < TILE_WIDTH) return full;
      this.#edge[level] = [];
      full.push({ level, index: this.#size / TILE_WIDTH ** (level + 1) - 1, hashes });
      hash = rootOf(hashes);
    }
  }

  /** The root over all leaves so far. */
  root(): Hash {
    let below: Hash[] = [];
    for (const hashes of this.#edge) {
      const row = [...hashes, ...below];
      below = row.length === 0 ? [] : [rootOf(row)];
    }
    return rootOf(below);
  }
}

/** The tile that holds the hashes under this subtree's root. */
export function tileOf({ level, index }: Subtree): TilePlace {
  const inTile = level % TILE_LEVELS;
  return { level: (level - inTile) / TILE_LEVELS, index: Math.floor((index * 2 ** inTile) / TILE_WIDTH) };
}

/** Whether this tile is full in a tree of this many leaves. */
export function isFull({ level, index }: TilePlace, size: number): boolean {
  return (index + 1) * TILE_WIDTH ** (level + 1) <= size;
}

/** The root of this subtree, from the hashes of its tile. Throws RangeError when the tile lacks some of them. */
export function subtreeHash({ level, index }: Subtree, tile: readonly Hash[]): Hash {
  const width = 2 ** (level % TILE_LEVELS);
  const first = (index * width) % TILE_WIDTH;
  const own = tile.slice(first, first + width);
  if (own.length < width) throw new RangeError(`a tile of ${tile.length} hashes lacks some of those from ${first} on`);
  return rootOf(own);
}

/** Hashes as base64 text. */
export function encodeHashes(hashes: readonly Hash[]): string {
  return Buffer.concat(hashes).toString("base64");
}

/** The hashes in a text from `encodeHashes`. */
export function decodeHashes(text: string): Hash[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}
