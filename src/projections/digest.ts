import { createHash } from "node:crypto";
import type { DocumentStore } from "./document-store.ts";
import { collectionOf } from "./projection.ts";
import type { AnyProjection } from "./projection.ts";

/**
 * The SHA-256 (lower-case hex) of all documents of a read model by ascending id, one canonical JSON text a line: equal
 * exactly when two fills of the model from the same log are equal. Reads the whole collection in pages.
 */
export async function digestOf(store: DocumentStore, projection: AnyProjection): Promise<string> {
  const hash = createHash("sha256");
  for await (const document of store.scan(collectionOf(projection))) hash.update(`${canonicalJson(document)}\n`);
  return hash.digest("hex");
}

/** JSON with the members of every object sorted by name, so that stores which reorder them give the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
