import type { AppendResult, StreamStore } from "../events/store/event-store.ts";
import { userStream } from "../events/user.ts";
import type { User, UserCreated } from "../events/user.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { createUnique } from "./uniqueness/create-unique.ts";
import type { UniqueReservation } from "./uniqueness/create-unique.ts";
import { reservationStream } from "./uniqueness/reservations.ts";

export interface CreateUser {
  readonly userId: number;
  readonly username: string;
  readonly email: string | null;
  /** SHA-256 of the API key, lower-case hex. */
  readonly apiKeyDigest: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** What a user is created from, before it has its number. */
export interface UserToCreate extends Omit<CreateUser, "userId"> {
  /** By what the address is unique (`emailKey`). Null with `email`. */
  readonly emailKey: string | null;
}

/** The first event of a user whose names are reserved; nothing when there is one with this number. */
export function decideCreateUser(command: CreateUser, user: User | null): UserCreated[] {
  if (user !== null) return [];
  const { userId, username, email, apiKeyDigest, now } = command;
  return [{ type: "UserCreated", data: { userId, username, email, apiKeyDigest, createdAt: now } }];
}

/**
 * Creates a user: looks whether the names are free, takes a number, reserves the username and then the e-mail address
 * (giving the first back when the second is refused), and appends the user.
 *
 * @param hasEmail whether a user has the address with this key under a reservation of an earlier program
 * @throws CommandRefused `username_taken` or `email_taken`
 * @throws whatever the store or `hasEmail` throws
 */
export function createUser(
  store: StreamStore,
  user: UserToCreate,
  secret: Uint8Array,
  context: CommandContext,
  hasEmail: (emailKey: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<{ userId: number; appended: AppendResult }> {
  const values: UniqueReservation[] = [
    { stream: reservationStream({ category: "username", value: user.username }, secret), refusal: "username_taken" },
  ];
  const { emailKey } = user;
  if (emailKey !== null) {
    const stream = reservationStream({ category: "email", value: emailKey }, secret);
    values.push({ stream, refusal: "email_taken", isTakenOtherwise: () => hasEmail(emailKey) });
  }
  return createUnique(store, "user", values, user.now, context, async (userId) => {
    const events = eventsToAppend(decideCreateUser({ ...user, userId }, null), context);
    return { userId, appended: await appendSettled(store, userStream(userId), events, "no_stream") };
  });
}
