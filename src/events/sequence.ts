import { z } from "zod";

/** A public number was given out: the revision of this event in its sequence, plus 1. */
export const numberTakenData = z.object({ takenAt: z.iso.datetime() });

export type NumberTaken = { readonly type: "NumberTaken"; readonly data: Readonly<z.infer<typeof numberTakenData>> };

/** The stream that counts one kind of thing. */
export function sequenceStream(of: "user" | "endpoint"): string {
  return `sequence-${of}`;
}
