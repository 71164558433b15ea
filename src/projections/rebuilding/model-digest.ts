import { createHash } from "node:crypto";
import { canonicalJson } from "../../events/store/canonical-json.ts";
import { collectionOf } from "../projection.ts";
import type { ReadModel } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";

/**
 * The SHA-256 (lower-case hex) of all documents of a read model by ascending id, one canonical JSON text per line. Two
 * generations from the same log have equal digests exactly if they are equal. Reads the whole collection in pages.
 */
export async function digestOf(store: DocumentStore, model: ReadModel): Promise<string> {
  const hash = createHash("sha256");
  for await (const document of store.scan(collectionOf(model))) hash.update(`${canonicalJson(document)}\n`);
  return hash.digest("hex");
}
