import { RevisionConflict, StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { CommandContext } from "../handling/command-context.ts";
import { CommandRefused } from "../handling/refusals.ts";
import type { RefusalCode } from "../handling/refusals.ts";
import type { StreamStore } from "../../events/store/event-store.ts";
import { ABANDONED_AFTER_MS, isTaken, release, reserve } from "./reservations.ts";
import type { StillHas } from "./reservations.ts";
import { takeNumber } from "./take-number.ts";

/** A value that the new thing must be the only one to have, and what to say when it is not. */
export interface UniqueReservation {
  readonly stream: string;
  readonly refusal: RefusalCode;
  /** Whether the owner of an earlier reservation still has the value. Default: it does while it exists. */
  readonly stillHas?: StillHas;
  /** Whether somebody has the value under another reservation, which an earlier program made. Default: nobody. */
  readonly isTakenOtherwise?: () => Promise<boolean>;
}

/**
 * Creates a numbered thing with values that must be unique. `create` appends its first event with "no stream";
 * when that is refused, a take-over closed the stream because this creation took too long: the client may try again.
 *
 * @throws CommandRefused with the refusal of the first value that is taken
 * @throws StoreUnavailable when the creation was taken over meanwhile
 * @throws what `isTakenOtherwise` throws
 */
export async function createUnique<T>(
  store: StreamStore,
  kind: "user" | "endpoint",
  values: readonly UniqueReservation[],
  now: string,
  context: CommandContext,
  create: (id: number) => Promise<T>,
): Promise<T> {
  for (const { stream, refusal, stillHas, isTakenOtherwise } of values) {
    // A look first, so that a value that is plainly taken does not cost a number.
    const taken = (await isTaken(store, stream, now, stillHas)) || (await isTakenOtherwise?.());
    if (taken === true) throw new CommandRefused(refusal);
  }
  const id = await takeNumber(store, kind, now, context);
  const owner = `${kind}-${id}`;
  const reserved: string[] = [];
  for (const { stream, refusal, stillHas } of values) {
    if (await reserve(store, stream, owner, now, context, stillHas)) {
      reserved.unshift(stream);
      continue;
    }
    for (const earlier of reserved) await release(store, earlier, owner, now, context);
    throw new CommandRefused(refusal);
  }
  try {
    return await create(id);
  } catch (error) {
    if (error instanceof RevisionConflict) {
      throw new StoreUnavailable(`creating ${owner} took longer than ${ABANDONED_AFTER_MS} ms and was abandoned`);
    }
    throw error;
  }
}
