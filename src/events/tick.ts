import { z } from "zod";

/** One of several instances took it upon itself to do what falls due in a shard until the end of a tick. */
export const tickTakenData = z.object({
  /** The number of the tick: how many whole ticks fit between the Unix epoch and its beginning. */
  tick: z.int().nonnegative(),
  /** Which instance, by the id that it gave itself at its start. */
  instance: z.uuid(),
  takenAt: z.iso.datetime(),
});

export type TickTaken = { readonly type: "TickTaken"; readonly data: Readonly<z.infer<typeof tickTakenData>> };

/** The stream on which the instances compete for the ticks of a shard. */
export function tickStream(shard: number): string {
  return `tick-${shard}`;
}
