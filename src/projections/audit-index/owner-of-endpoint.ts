import { collectionOf } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { auditIndex } from "./audit-index.ts";
import { endpointOwnerId } from "./owners.ts";
import type { EndpointOwnerDocument } from "./owners.ts";

/**
 * The user of an endpoint, deleted ones too; null when the index knows of none.
 *
 * @throws ReadModelsUnavailable when the store cannot answer now
 */
export async function ownerOfEndpoint(documents: DocumentStore, endpoint: number): Promise<number | null> {
  const ids = [endpointOwnerId(endpoint)];
  return (await documents.load<EndpointOwnerDocument>(collectionOf(auditIndex), ids))[0]?.user ?? null;
}
