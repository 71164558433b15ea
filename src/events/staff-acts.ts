import { z } from "zod";

/** Whose key it was. */
export const staffKind = z.enum(["auditor", "operator"]);

const projection = z.string().min(1);

/** An auditor or an operator was given the payload of a delivery. Written before the first byte of it is shown. */
export const payloadReadData = z.object({
  deliveryId: z.uuid(),
  /** Whose delivery it is, and to which endpoint: else nobody could find by them who read it. */
  userId: z.int().positive(),
  endpointId: z.int().positive(),
  readBy: staffKind,
  readAt: z.iso.datetime(),
});

/** An operator asked for a read model to be made again. Written before it begins, also when one was under way. */
export const rebuildRequestedData = z.object({ projection, requestedAt: z.iso.datetime() });

/** An operator asked for a rebuild to be ended. Written before, also when none was under way. */
export const rebuildCancelRequestedData = z.object({ projection, requestedAt: z.iso.datetime() });

type Event<T extends string, S extends z.ZodType> = { readonly type: T; readonly data: Readonly<z.infer<S>> };

export type PayloadRead = Event<"PayloadRead", typeof payloadReadData>;
export type RebuildRequested = Event<"RebuildRequested", typeof rebuildRequestedData>;
export type RebuildCancelRequested = Event<"RebuildCancelRequested", typeof rebuildCancelRequestedData>;

/** What staff did, as far as the log has to prove it. Nothing is decided from these events. */
export type StaffAct = PayloadRead | RebuildRequested | RebuildCancelRequested;

/**
 * The stream that an act stands in. What was read of a delivery is not in the delivery's own stream, whose revisions the
 * attempts' claims count on.
 */
export function staffActStream(act: StaffAct): string {
  return act.type === "PayloadRead" ? `access-${act.data.deliveryId}` : `projection-${act.data.projection}`;
}
