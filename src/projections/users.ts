import type { KnownEvent } from "../events/catalogue.ts";
import type { Content, Projection } from "./projection.ts";
import type { StoredDocument } from "./store/document-store.ts";

export interface UserDocument extends StoredDocument {
  readonly user_id: number;
  readonly username: string;
  readonly email: string | null;
  readonly api_key_digest: string;
  readonly created_at: string;
}

/** Who may speak, and what `GET /v1/users/me` says of them. */
export const users: Projection<UserDocument> = {
  name: "users",
  version: 1,
  categories: ["user"],
  indexes: [["user_id"]],

  documentId: (event) => (event.type === "UserCreated" ? String(event.data.userId) : null),

  evolve(document: Content<UserDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "UserCreated": {
        const { userId, username, email, apiKeyDigest, createdAt } = event.data;
        return { user_id: userId, username, email, api_key_digest: apiKeyDigest, created_at: createdAt };
      }
      default:
        return document;
    }
  },
};
