import type { KnownEvent } from "../events/catalogue.ts";
import { emailKey } from "../events/email-key.ts";
import type { User } from "../events/user.ts";
import { collectionOf } from "./projection.ts";
import type { Content, Projection } from "./projection.ts";
import { snakeCased } from "./snake-case.ts";
import type { SnakeCased } from "./snake-case.ts";
import type { DocumentStore, StoredDocument } from "./store/document-store.ts";
import type { NumberedPage } from "./store/pages.ts";

export interface UserDocument extends StoredDocument, SnakeCased<User> {
  /** By what the address is found and unique (`emailKey`); null without one. */
  readonly email_key: string | null;
}

/** Who may speak, and what `GET /v1/users/me` says of them. */
export const users: Projection<UserDocument> = {
  name: "users",
  version: 2,
  categories: ["user"],
  indexes: [["user_id"], ["username"], ["email_key"]],

  documentId: (event) => (event.type === "UserCreated" ? String(event.data.userId) : null),

  evolve(document: Content<UserDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "UserCreated": {
        const { email } = event.data;
        return { ...snakeCased(event.data), email_key: email === null ? null : emailKey(email) };
      }
      default:
        return document;
    }
  },
};

/** How many users may be found by a name that only one should have. */
const NAMESAKES = 100;

/** The user with exactly this name, or none. */
export function usersByUsername(store: DocumentStore, username: string): Promise<UserDocument[]> {
  return usersBy(store, { username });
}

/** The user with this address, in any spelling of its domain, or none. Earlier programs may have taken several. */
export function usersByEmail(store: DocumentStore, email: string): Promise<UserDocument[]> {
  return usersBy(store, { email_key: emailKey(email) });
}

/** All users by ascending id. */
export function usersPage(store: DocumentStore, { limit, after }: NumberedPage): Promise<UserDocument[]> {
  return store.find<UserDocument>(collectionOf(users), {
    order: { field: "user_id", direction: "ascending" },
    ...(after !== null && { after: { value: after, id: String(after) } }),
    limit,
  });
}

async function usersBy(store: DocumentStore, equals: Readonly<Record<string, string>>): Promise<UserDocument[]> {
  const order = { field: "_id", direction: "ascending" } as const;
  const found = await store.find<UserDocument>(collectionOf(users), { equals, order, limit: NAMESAKES });
  return found.sort((a, b) => a.user_id - b.user_id);
}
