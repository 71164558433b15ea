import { canonicalJson } from "../../events/store/canonical-json.ts";
import { pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CollectionDefinition, DocumentStore, StoredDocument } from "../store/document-store.ts";

/** Documents compared at a time. */
const PAGE = 500;
/** How often two documents that are changing are compared again, and the pause between, in ms. */
const TRIES = 50;
const TRY_MS = 100;

/** The result of comparing two generations of a read model. */
export interface Comparison {
  /** Documents that differ although both generations have folded the same events into them. */
  readonly differing: number;
  /** Documents that changed at every comparison, so that it is unknown. */
  readonly undecided: number;
}

/**
 * Compares two generations while both follow the log. A document is compared once both have it at the same position,
 * and is read again until then.
 */
export async function compareGenerations(
  documents: DocumentStore,
  left: CollectionDefinition,
  right: CollectionDefinition,
  clock: Clock,
  signal: AbortSignal,
): Promise<Comparison> {
  let suspects = [
    ...(await unequal(documents, left, right, signal)),
    // Documents that only the second has.
    ...(await unequal(documents, right, left, signal)),
  ];
  suspects = [...new Set(suspects)];
  let differing = 0;
  for (let attempt = 0; attempt < TRIES && suspects.length > 0 && !signal.aborted; attempt++) {
    if (attempt > 0) await pause(clock, TRY_MS, signal);
    const open: string[] = [];
    for (let first = 0; first < suspects.length; first += PAGE) {
      const ids = suspects.slice(first, first + PAGE);
      const [ofLeft, ofRight] = [await byId(documents, left, ids), await byId(documents, right, ids)];
      for (const id of ids) {
        const [a, b] = [ofLeft.get(id), ofRight.get(id)];
        if (textOf(a) === textOf(b)) continue;
        if (a !== undefined && b !== undefined && a.position === b.position) differing += 1;
        else open.push(id);
      }
    }
    suspects = open;
  }
  // A document that only one generation has, and that does not change, is a difference too.
  const [ofLeft, ofRight] = [await byId(documents, left, suspects), await byId(documents, right, suspects)];
  const oneSided = suspects.filter((id) => ofLeft.has(id) !== ofRight.has(id)).length;
  return { differing: differing + oneSided, undecided: suspects.length - oneSided };
}

/** The ids of the documents in `one` for which `other` has no equal document now. */
async function unequal(
  documents: DocumentStore,
  one: CollectionDefinition,
  other: CollectionDefinition,
  signal: AbortSignal,
): Promise<string[]> {
  const ids: string[] = [];
  let page: StoredDocument[] = [];
  const compare = async (): Promise<void> => {
    const others = await byId(
      documents,
      other,
      page.map(({ _id }) => _id),
    );
    ids.push(...page.filter((document) => textOf(document) !== textOf(others.get(document._id))).map(({ _id }) => _id));
    page = [];
  };
  for await (const document of documents.scan(one)) {
    if (signal.aborted) break;
    if (page.push(document) === PAGE) await compare();
  }
  await compare();
  return ids;
}

async function byId(
  documents: DocumentStore,
  collection: CollectionDefinition,
  ids: readonly string[],
): Promise<Map<string, StoredDocument>> {
  if (ids.length === 0) return new Map();
  return new Map((await documents.load<StoredDocument>(collection, ids)).map((document) => [document._id, document]));
}

function textOf(document: StoredDocument | undefined): string {
  return document === undefined ? "" : canonicalJson(document);
}
