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
  /** What of its e-mail address makes it the same as another spelling; null without an address. */
  readonly email_key: string | null;
}

/** The most users that are found by one name or address; each has one user, unless the log was made elsewhere. */
const MAX_FOUND = 100;

/** Who may speak, and what `GET /v1/users/me` says of them. */
export const users: Projection<UserDocument> = {
  name: "users",
  version: 2,
  categories: ["user"],
  indexes: [["user_id"], ["username"], ["email_key"]],

  documentId: (event) => (event.type === "UserCreated" ? String(event.data.userId) : null),

  evolve(document: Content<UserDocument> | null, event: KnownEvent) {
    switch (event.type) {
      case "UserCreated":
        return { ...snakeCased(event.data), email_key: event.data.email === null ? null : emailKey(event.data.email) };
      default:
        return document;
    }
  },
};

/** The users with exactly this name. */
export function usersByUsername(store: DocumentStore, username: string): Promise<UserDocument[]> {
  return usersWith(store, { username });
}

/** The users with this e-mail address, in whatever spelling of it. */
export function usersByEmail(store: DocumentStore, email: string): Promise<UserDocument[]> {
  return usersWith(store, { email_key: emailKey(email) });
}

function usersWith(store: DocumentStore, equals: Readonly<Record<string, string>>): Promise<UserDocument[]> {
  const order = { field: "_id", direction: "ascending" } as const;
  return store.find<UserDocument>(collectionOf(users), { equals, order, limit: MAX_FOUND });
}

/** All users by ascending id. */
export function usersPage(store: DocumentStore, { limit, after }: NumberedPage): Promise<UserDocument[]> {
  return store.find<UserDocument>(collectionOf(users), {
    order: { field: "user_id", direction: "ascending" },
    ...(after !== null && { after: { value: after, id: String(after) } }),
    limit,
  });
}

/** The names of these users, by their ids; those that are not known yet have none. */
export async function usernames(
  store: DocumentStore,
  userIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const found = await store.load<UserDocument>(collectionOf(users), userIds.map(String));
  return new Map(found.map(({ user_id, username }) => [user_id, username]));
}
