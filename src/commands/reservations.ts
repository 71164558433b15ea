import { createHmac } from "node:crypto";
import { readEvent } from "../events/catalogue.ts";
import { RevisionConflict } from "../events/event-store-errors.ts";
import type { EventStore } from "../events/event-store.ts";
import { evolveReservation } from "../events/reservation.ts";
import type { CreationAbandoned, Reservation, ReservationEvent, ValueReserved } from "../events/reservation.ts";
import { appendSettled } from "./append-settled.ts";
import { eventsToAppend } from "./command-context.ts";
import type { CommandContext } from "./command-context.ts";

/** A reservation whose owner's stream is still missing after this long belongs to a creation that died, in ms. */
export const ABANDONED_AFTER_MS = 30_000;

/** What may exist only once: the category is its stream's, the value is never written anywhere. */
export interface UniqueValue {
  readonly category: "username" | "email" | "endpointUrl";
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
async function readReservation(store: EventStore, stream: string): Promise<Reservation> {
  let reservation: Reservation = { kind: "free", revision: null };
  for (const recorded of await store.read(stream)) {
    const event = readEvent(recorded);
    reservation = evolveReservation(event, event.revision);
  }
  return reservation;
}

/** True when this reservation keeps everybody else out: it is young, or what it was made for exists. */
async function keepsOut(store: EventStore, reservation: Reservation, now: string): Promise<boolean> {
  if (reservation.kind === "free") return false;
  if (Date.parse(now) - Date.parse(reservation.reservedAt) < ABANDONED_AFTER_MS) return true;
  const [first] = await store.read(reservation.owner, { limit: 1 });
  return first !== undefined && readEvent(first).type !== "CreationAbandoned";
}

/** True when the value of this stream is taken. A look, not a claim: `reserve` may still find that it is. */
export async function isTaken(store: EventStore, stream: string, now: string): Promise<boolean> {
  return keepsOut(store, await readReservation(store, stream), now);
}

/**
 * Reserves a value for the stream `owner`, which the caller is about to create. Takes over what a creation that died
 * left behind: only when its owner's stream does not exist, the reservation is older than ABANDONED_AFTER_MS, and the
 * owner's stream could be closed first, so that the other creation can no longer come late.
 *
 * @param now ISO 8601 UTC
 * @returns false when the value is somebody else's, or somebody else was faster
 * @throws whatever the store throws, conflicts aside
 */
export async function reserve(
  store: EventStore,
  stream: string,
  owner: string,
  now: string,
  context: CommandContext,
): Promise<boolean> {
  const reservation = await readReservation(store, stream);
  if (await keepsOut(store, reservation, now)) return false;
  if (reservation.kind === "held" && !(await closeAbandoned(store, reservation.owner, owner, now, context)))
    return false;
  const event: ValueReserved = { type: "ValueReserved", data: { owner, reservedAt: now } };
  const events = eventsToAppend([event], context, `${stream}-`);
  return appendOrLose(store, stream, events, reservation.revision ?? "no_stream");
}

/**
 * Gives a value back, when it is still the owner's.
 *
 * @param now ISO 8601 UTC
 * @throws whatever the store throws, conflicts aside
 */
export async function release(
  store: EventStore,
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

/** True when the dead owner's stream is closed now, by us or by an earlier take-over; false when it came after all. */
async function closeAbandoned(
  store: EventStore,
  deadOwner: string,
  takenOverBy: string,
  now: string,
  context: CommandContext,
): Promise<boolean> {
  const event: CreationAbandoned = { type: "CreationAbandoned", data: { takenOverBy, abandonedAt: now } };
  if (await appendOrLose(store, deadOwner, eventsToAppend([event], context, `${deadOwner}-`), "no_stream")) return true;
  const [first] = await store.read(deadOwner, { limit: 1 });
  return first !== undefined && readEvent(first).type === "CreationAbandoned";
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
