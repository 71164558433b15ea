import { z } from "zod";
import type { CreationAbandoned } from "./reservation.ts";

/** A user exists. The API key itself is nowhere in the log: only its SHA-256 digest, in lower-case hex. */
export const userCreatedData = z.object({
  userId: z.int().positive(),
  username: z.string().min(1),
  email: z.string().min(1).nullable(),
  apiKeyDigest: z.string().length(64),
  createdAt: z.iso.datetime(),
});

export type UserCreated = { readonly type: "UserCreated"; readonly data: Readonly<z.infer<typeof userCreatedData>> };

/** What the events of one user mean. Nothing changes a user, so it is what it was created as. */
export type User = UserCreated["data"];

export type UserEvent = UserCreated | CreationAbandoned;

/** The stream of the user with this number. */
export function userStream(userId: number): string {
  return `user-${userId}`;
}
