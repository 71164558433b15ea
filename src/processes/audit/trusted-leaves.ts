import { leafPlaceAt, leafPlaceOf, storedTiles, treeNow } from "../../projections/audit-tree/audit-tree.ts";
import { TILE_WIDTH } from "../../projections/audit-tree/merkle-tiles.ts";
import type { Hash } from "../../projections/audit-tree/merkle-tree.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { TransferRefused } from "../transfer/transfer-refused.ts";
import { AuditRefused } from "./audit-refused.ts";
import { eventsOfExport } from "./audited-events.ts";
import type { AuditedEvent, EventPlace } from "./audited-events.ts";

/** A trusted list of leaves, for finding the first event that differs. */
export interface TrustedLeaves {
  /** Its name in messages. */
  readonly name: string;
  /** The hashes of the leaves in order, from the first. Can be read again. */
  hashes(): AsyncIterable<Hash>;
  /** The event of this leaf, or null. Slow. */
  placeAt(leaf: number): Promise<EventPlace | null>;
  /** The leaf of the event with this id, or null. Slow. */
  leafOf(id: string): Promise<number | null>;
}

/** How many tiles are loaded together. */
const TILES_AT_ONCE = 16;

/** The leaves of the audit tree in the read models. Throws AuditRefused when there are none. */
export async function leavesOfTree(documents: DocumentStore): Promise<TrustedLeaves> {
  const tree = await treeNow(documents);
  if (tree.size === 0) throw new AuditRefused("there is no audit tree in the read models yet: start the gateway once");
  return {
    name: "the stored tree",
    hashes: async function* () {
      const full = Math.floor(tree.size / TILE_WIDTH);
      for (let first = 0; first < full; first += TILES_AT_ONCE) {
        const indexes = Array.from({ length: Math.min(TILES_AT_ONCE, full - first) }, (_, at) => first + at);
        const tiles = await storedTiles(
          documents,
          indexes.map((index) => ({ level: 0, index })),
        );
        for (const index of indexes) {
          const hashes = tiles.get(`0/${index}`);
          if (hashes === undefined)
            throw new AuditRefused(`the stored tree is incomplete: its tile ${index} is missing`);
          yield* hashes;
        }
      }
      yield* tree.edge[0] ?? [];
    },
    placeAt: async (leaf) => {
      const place = await leafPlaceAt(documents, leaf);
      if (place === null) return null;
      const { id, stream, revision } = place;
      return { id, stream, revision, type: null, position: null, line: null };
    },
    leafOf: async (id) => (await leafPlaceOf(documents, id))?.leaf ?? null,
  };
}

/**
 * The leaves of a kept export. Using it throws AuditRefused when the export is damaged or does not begin with the log's
 * first event.
 *
 * @param open returns the export's bytes from the beginning, each time
 */
export function leavesOfExport(name: string, open: () => AsyncIterable<Uint8Array>): TrustedLeaves {
  const events = async function* (): AsyncGenerator<AuditedEvent> {
    try {
      yield* eventsOfExport(open(), null);
    } catch (error) {
      if (!(error instanceof TransferRefused || error instanceof AuditRefused)) throw error;
      throw new AuditRefused(`${name} cannot be compared with: ${error.message}`, { cause: error });
    }
  };
  const first = async <T>(choose: (event: AuditedEvent, leaf: number) => T | null): Promise<T | null> => {
    let leaf = 0;
    for await (const event of events()) {
      const chosen = choose(event, leaf);
      if (chosen !== null) return chosen;
      leaf += 1;
    }
    return null;
  };
  return {
    name,
    hashes: async function* () {
      for await (const { hash } of events()) yield hash;
    },
    placeAt: (wanted) => first((event, leaf) => (leaf === wanted ? event : null)),
    leafOf: (id) => first((event, leaf) => (event.id === id ? leaf : null)),
  };
}
