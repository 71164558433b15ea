import { z } from "zod";
import type { Revision } from "./store/position.ts";

/**
 * A value that may exist only once (a username, an e-mail address, a user's endpoint URL) belongs to the stream `owner`.
 * The value itself is not in the event: the stream's name has a keyed digest of it.
 */
export const valueReservedData = z.object({ owner: z.string().min(1), reservedAt: z.iso.datetime() });
export type ValueReserved = {
  readonly type: "ValueReserved";
  readonly data: Readonly<z.infer<typeof valueReservedData>>;
};

/** The value is free again. */
export const valueReleasedData = z.object({ owner: z.string().min(1), releasedAt: z.iso.datetime() });
export type ValueReleased = {
  readonly type: "ValueReleased";
  readonly data: Readonly<z.infer<typeof valueReleasedData>>;
};

/**
 * The first event of an owner's stream whose creation never came, written by the command that takes over its reservation. It
 * makes the take-over exact: a creator that was only slow finds its stream taken and gives up.
 */
export const creationAbandonedData = z.object({ takenOverBy: z.string().min(1), abandonedAt: z.iso.datetime() });
export type CreationAbandoned = {
  readonly type: "CreationAbandoned";
  readonly data: Readonly<z.infer<typeof creationAbandonedData>>;
};

export type ReservationEvent = ValueReserved | ValueReleased;

export type Reservation =
  | { readonly kind: "free"; readonly revision: Revision | null }
  | { readonly kind: "held"; readonly revision: Revision; readonly owner: string; readonly reservedAt: string };

/**
 * What a reservation stream says after this event at this revision.
 */
export function evolveReservation(event: ReservationEvent, revision: Revision): Reservation {
  switch (event.type) {
    case "ValueReserved":
      return { kind: "held", revision, owner: event.data.owner, reservedAt: event.data.reservedAt };
    case "ValueReleased":
      return { kind: "free", revision };
  }
}
