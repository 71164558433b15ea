import type { KnownEvent } from "../events/catalogue.ts";
import type { User } from "../events/user.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { snakeCased } from "./snake-case.ts";
import type { SnakeCased } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";

export interface UserDocument extends StoredDocument, SnakeCased<User> {}

/** Who may speak, and what `GET /v1/users/me` says of them. */
export const users: Projection<UserDocument> = {
  name: "users",
  version: 1,
  categories: ["user"],
  indexes: [["user_id"]],

  documentId: (event) => (event.type === "UserCreated" ? String(event.data.userId) : null),

  evolve(document: Content<UserDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "UserCreated":
        return snakeCased(event.data);
      default:
        return document;
    }
  },
};

/** The names of these users, by their ids; those that are not known yet have none. */
export async function usernames(
  store: DocumentStore,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const found = await store.load<UserDocument>(collectionOf(users), userIds.map(String));
  return new Map(found.map(({ user_id, username }) => [user_id, username]));
}
