import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consistencyParts, inclusionParts } from "../../../../src/projections/audit-tree/merkle-proofs.ts";
import type { ProofPart } from "../../../../src/projections/audit-tree/merkle-proofs.ts";
import {
  GrowingTree,
  TILE_WIDTH,
  decodeHashes,
  encodeHashes,
  isFull,
  subtreeHash,
  tileOf,
} from "../../../../src/projections/audit-tree/merkle-tiles.ts";
import {
  EMPTY_ROOT,
  joined,
  leafHash,
  rootOf,
  subtreesOf,
} from "../../../../src/projections/audit-tree/merkle-tree.ts";
import type { Hash, Subtree } from "../../../../src/projections/audit-tree/merkle-tree.ts";
import { hashOfLeaf, treeHash, verifiesConsistency, verifiesInclusion } from "../../../fixtures/merkle-verifier.ts";

/** The leaves, and the roots and proofs over them, that the implementations of Certificate Transparency publish. */
const PUBLISHED_LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const PUBLISHED_ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const [N1, N2, N3, N4] = [
  "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
] as const;
const N5 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const PUBLISHED_INCLUSIONS: readonly (readonly [leaf: number, size: number, proof: readonly string[]])[] = [
  [0, 1, []],
  [0, 8, [N1, N2, N3]],
  [5, 8, [N4, N5, PUBLISHED_ROOTS[4]!]],
  [2, 3, [PUBLISHED_ROOTS[2]!]],
  [1, 5, [PUBLISHED_ROOTS[1]!, N2, N4]],
];
const PUBLISHED_CONSISTENCIES: readonly (readonly [from: number, to: number, proof: readonly string[]])[] = [
  [1, 1, []],
  [1, 8, [N1, N2, N3]],
  [6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", N5, PUBLISHED_ROOTS[4]!]],
  [2, 5, [N2, N4]],
];

const published = PUBLISHED_LEAVES.map((hex) => hashOfLeaf(Buffer.from(hex, "hex")));
const many = Array.from({ length: 40 }, (_, number) => leafHash(`leaf ${number}`));

/** The hash of each part over these leaves, put together of perfect subtrees as ours are. */
function hashesOf(parts: readonly ProofPart[], leaves: readonly Hash[]): Hash[] {
  const perfect = ({ level, index }: Subtree): Hash =>
    treeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  return parts.map(({ start, end }) => joined(subtreesOf(start, end).map(perfect)));
}

describe("the Merkle tree", () => {
  it("has the published roots", () => {
    const roots = PUBLISHED_ROOTS.map((_, size) => rootOf(published.slice(0, size)).toString("hex"));
    expect(roots).toEqual(PUBLISHED_ROOTS);
    expect(EMPTY_ROOT.toString("hex")).toBe(PUBLISHED_ROOTS[0]);
  });

  it("has the published proofs", () => {
    const hex = (parts: readonly ProofPart[]): string[] =>
      hashesOf(parts, published).map((hash) => hash.toString("hex"));
    for (const [leaf, size, proof] of PUBLISHED_INCLUSIONS) expect(hex(inclusionParts(leaf, size))).toEqual(proof);
    for (const [from, to, proof] of PUBLISHED_CONSISTENCIES) expect(hex(consistencyParts(from, to))).toEqual(proof);
  });

  it("hashes a leaf as its UTF-8 bytes", () => {
    for (const text of ["", "a", "größer 😀", "\u0000"]) {
      expect(leafHash(text)).toEqual(hashOfLeaf(Buffer.from(text)));
    }
  });

  it("proves each leaf of each size, and each size as the beginning of each larger one", () => {
    for (let size = 1; size <= many.length; size += 1) {
      const root = treeHash(many.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const proof = hashesOf(inclusionParts(index, size), many);
        expect(verifiesInclusion(many[index]!, index, size, proof, root), `leaf ${index} of ${size}`).toBe(true);
        const from = { size: index + 1, root: treeHash(many.slice(0, index + 1)) };
        const consistency = hashesOf(consistencyParts(from.size, size), many);
        expect(verifiesConsistency(from, { size, root }, consistency), `${from.size} to ${size}`).toBe(true);
      }
    }
  });

  it("refuses to prove missing leaves", () => {
    for (const [index, size] of [
      [3, 3],
      [-1, 3],
      [0, 0],
      [0.5, 3],
      [0, Number.NaN],
    ] as const) {
      expect(() => inclusionParts(index, size)).toThrow(RangeError);
    }
    for (const [from, to] of [
      [0, 3],
      [4, 3],
      [1.5, 3],
      [1, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(() => consistencyParts(from, to)).toThrow(RangeError);
    }
  });
});

describe("a growing tree", () => {
  it("has at each size the root of the plain definition, wherever it was put away and taken up again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 300 }), (before, more) => {
        const leaves = Array.from({ length: before + more }, (_, number) => leafHash(String(number)));
        const first = new GrowingTree();
        for (const leaf of leaves.slice(0, before)) first.add(leaf);
        const again = new GrowingTree(first.size, first.edge.map(encodeHashes).map(decodeHashes));
        expect(again.root()).toEqual(treeHash(leaves.slice(0, before)));
        for (const leaf of leaves.slice(before)) again.add(leaf);
        expect(again.root()).toEqual(treeHash(leaves));
        expect(again.size).toBe(leaves.length);
      }),
      { numRuns: 60 },
    );
  });

  it("gives each full tile once, in its place, and from tiles and edge the hash of every subtree", () => {
    const size = TILE_WIDTH ** 2 + TILE_WIDTH + 3;
    const leaves = Array.from({ length: size }, (_, number) => leafHash(String(number)));
    const tree = new GrowingTree();
    const tiles = new Map<string, readonly Hash[]>();
    for (const leaf of leaves) {
      for (const { level, index, hashes } of tree.add(leaf)) {
        expect(tiles.has(`${level}/${index}`)).toBe(false);
        tiles.set(`${level}/${index}`, hashes);
      }
    }
    expect(tiles.size).toBe(TILE_WIDTH + 1 + 1);
    expect(tree.edge.map(({ length }) => length)).toEqual([3, 1, 1]);
    const subtrees = [
      ...subtreesOf(0, size),
      ...[0, 1, 7, 8, 9, 15].map((level) => ({ level, index: 2 ** (16 - level) - 1 })),
      { level: 0, index: size - 1 },
      { level: 1, index: (size - 3) / 2 },
      { level: 8, index: TILE_WIDTH },
    ];
    for (const subtree of subtrees) {
      const place = tileOf(subtree);
      const hashes = isFull(place, size) ? tiles.get(`${place.level}/${place.index}`) : tree.edge[place.level];
      const width = 2 ** subtree.level;
      const own = leaves.slice(subtree.index * width, (subtree.index + 1) * width);
      expect(subtreeHash(subtree, hashes ?? []), JSON.stringify(subtree)).toEqual(rootOf(own));
    }
    expect(() => subtreeHash({ level: 1, index: (size - 1) / 2 }, tree.edge[0]!)).toThrow(RangeError);
  });
});
