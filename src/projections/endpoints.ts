import type { KnownEvent } from "../events/catalogue.ts";
import type { DocumentStore, StoredDocument } from "./document-store.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";

export interface EndpointDocument extends StoredDocument {
  readonly endpoint_id: number;
  readonly user_id: number;
  readonly url: string;
  readonly nickname: string;
  readonly created_at: string;
}

/** Where deliveries go, by user. */
export const endpoints: Projection<EndpointDocument> = {
  name: "endpoints",
  version: 1,
  categories: ["endpoint"],
  indexes: [["user_id", "endpoint_id"]],

  documentId: (event) => (event.type === "EndpointRegistered" ? String(event.data.endpointId) : null),

  evolve(document: Content<EndpointDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "EndpointRegistered": {
        const { endpointId, userId, url, nickname, registeredAt } = event.data;
        return { endpoint_id: endpointId, user_id: userId, url, nickname, created_at: registeredAt };
      }
      default:
        return document;
    }
  },
};

/** All endpoints of a user by ascending id, read in pages. */
export async function endpointsOfUser(store: DocumentStore, userId: number): Promise<EndpointDocument[]> {
  const found: EndpointDocument[] = [];
  const limit = 500;
  for (;;) {
    const last = found.at(-1);
    const page = await store.find<EndpointDocument>(collectionOf(endpoints), {
      equals: { user_id: userId },
      order: { field: "endpoint_id", direction: "ascending" },
      ...(last && { after: { value: last.endpoint_id, id: last._id } }),
      limit,
    });
    found.push(...page);
    if (page.length < limit) return found;
  }
}
