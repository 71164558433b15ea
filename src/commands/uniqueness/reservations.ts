import { createHmac } from "node:crypto";
import { readStreamEvent } from "../../events/catalogue.ts";
import type { Category } from "../../events/categories.ts";
import type { EndpointEvent, EndpointUpdated } from "../../events/endpoint.ts";
import { evolveReservation } from "../../events/reservation.ts";
import type { CreationAbandoned, Reservation, ReservationEvent, ValueReserved } from "../../events/reservation.ts";
import { RevisionConflict } from "../../events/store/event-store-errors.ts";
import type { UserEvent } from "../../events/user.ts";
import { appendSettled } from "../handling/append-settled.ts";
import { eventsToAppend } from "../handling/command-context.ts";
import type { CommandContext } from "../handling/command-context.ts";
import type { StreamStore } from "../../events/store/event-store.ts";

/** A reservation whose owner's stream is still missing after this long belongs to a creation that died, in ms. */
export const ABANDONED_AFTER_MS = 30_000;

/** An event of a stream that can have a value reserved. */
export type OwnerEvent = UserEvent | EndpointEvent;

/**
 * Says from an owner's events (at least one) whether it still has the value that is reserved for it. Default: it has for
 * as long as it exists.
 */
export type StillHas = (owner: readonly OwnerEvent[]) => boolean;

const always: StillHas = () => true;

/** What may exist only once: the category is its stream's, the value is never written anywhere. */
export interface UniqueValue {
  readonly category: Extract<Category, "username" | "email" | "endpointUrl">;
  readonly value: string;
}

/**
 * The stream that holds the reservation of a value. Its name has a digest keyed with a server secret, so that the log,
 * which outlives the user, does not give the value away to somebody who guesses.
 */
export function reservationStream({ category, value }: UniqueValue, secret: Uint8Array): string {
  return `${category}-${createHmac("sha256", secret).update(`${category}\0${value}`).digest("hex")}`;
}

/** What the stream of a reservation says now. */
async function readReservation(store: StreamStore, stream: string): Promise<Reservation> {
  let reservation: Reservation = { kind: "free", revision: null };
  for (const recorded of await store.read(stream)) {
    const event = readStreamEvent<ReservationEvent>(recorded);
    reservation = evolveReservation(event, event.revision);
  }
  return reservation;
}

/** Makes sure that a command on an owner which is still under way, however slow, finds its stream changed. */
type Fence = (context: CommandContext) => Promise<boolean>;

/** Whether the owner of a reservation has the value, and if not, how to keep it from coming late. */
async function readOwner(
  store: StreamStore,
  owner: string,
  takenOverBy: string,
  now: string,
  stillHas: StillHas,
): Promise<{ hasIt: true } | { hasIt: false; fence: Fence }> {
  const events = (await store.read(owner)).map(readStreamEvent<OwnerEvent>);
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined)
    return { hasIt: false, fence: closing(store, owner, takenOverBy, now) };
  // Closed by an earlier take-over, or deleted: nothing comes after that.
  const isOver = first.type === "CreationAbandoned" || events.some(({ type }) => type === "EndpointDeleted");
  if (isOver) return { hasIt: false, fence: () => Promise.resolve(true) };
  if (first.type !== "EndpointRegistered" || stillHas(events)) return { hasIt: true };
  const { endpointId } = first.data;
  const nothing: EndpointUpdated = { type: "EndpointUpdated", data: { endpointId, changes: {}, updatedAt: now } };
  const touch: Fence = (context) =>
    appendOrLose(store, owner, eventsToAppend([nothing], context, `${owner}-`), last.revision);
  return { hasIt: false, fence: touch };
}

/** Closes the stream of a creation that never came. Lost when it came after all. */
function closing(store: StreamStore, owner: string, takenOverBy: string, now: string): Fence {
  const closed: CreationAbandoned = { type: "CreationAbandoned", data: { takenOverBy, abandonedAt: now } };
  return async (context) => {
    if (await appendOrLose(store, owner, eventsToAppend([closed], context, `${owner}-`), "no_stream")) return true;
    const [first] = await store.read(owner, { limit: 1 });
    return first !== undefined && readStreamEvent(first).type === "CreationAbandoned";
  };
}

function isYoung(reservation: Reservation, now: string): boolean {
  return reservation.kind === "held" && Date.parse(now) - Date.parse(reservation.reservedAt) < ABANDONED_AFTER_MS;
}

/** True when the value of this stream is somebody's. A look, not a claim: `reserve` may still find that it is. */
export async function isTaken(
  store: StreamStore,
  stream: string,
  now: string,
  stillHas: StillHas = always,
): Promise<boolean> {
  const reservation = await readReservation(store, stream);
  if (reservation.kind === "free") return false;
  return isYoung(reservation, now) || (await readOwner(store, reservation.owner, "", now, stillHas)).hasIt;
}

/**
 * Reserves a value for the stream `owner`, which the caller is about to create or to change; again when it is the owner's
 * already. Takes over what a command that died left behind: only when the reservation is older than ABANDONED_AFTER_MS,
 * its owner does not have the value, and the owner's stream could be fenced first, so that the other command can no longer
 * come late.
 *
 * @param now ISO 8601 UTC
 * @returns false when the value is somebody else's, or another owner was faster
 * @throws whatever the store throws, conflicts aside
 */
export async function reserve(
  store: StreamStore,
  stream: string,
  owner: string,
  now: string,
  context: CommandContext,
  stillHas: StillHas = always,
): Promise<boolean> {
  const reservation = await readReservation(store, stream);
  if (reservation.kind === "held" && reservation.owner !== owner) {
    if (isYoung(reservation, now)) return false;
    const other = await readOwner(store, reservation.owner, owner, now, stillHas);
    if (other.hasIt || !(await other.fence(context))) return false;
  }
  const event: ValueReserved = { type: "ValueReserved", data: { owner, reservedAt: now } };
  const events = eventsToAppend([event], context, `${stream}-`);
  if (await appendOrLose(store, stream, events, reservation.revision ?? "no_stream")) return true;
  // Two changes of one endpoint to the same URL, at two instances: the other one reserved it for both.
  const winner = await readReservation(store, stream);
  return winner.kind === "held" && winner.owner === owner;
}

/**
 * Gives a value back, when it is still the owner's.
 *
 * @param now ISO 8601 UTC
 * @throws whatever the store throws, conflicts aside
 */
export async function release(
  store: StreamStore,
  stream: string,
  owner: string,
  now: string,
  context: CommandContext,
): Promise<void> {
  const reservation = await readReservation(store, stream);
  if (reservation.kind === "free" || reservation.owner !== owner) return;
  const event: ReservationEvent = { type: "ValueReleased", data: { owner, releasedAt: now } };
  await appendOrLose(store, stream, eventsToAppend([event], context, `${stream}-release-`), reservation.revision);
}

async function appendOrLose(...append: Parameters<typeof appendSettled>): Promise<boolean> {
  try {
    await appendSettled(...append);
    return true;
  } catch (error) {
    if (error instanceof RevisionConflict) return false;
    throw error;
  }
}
