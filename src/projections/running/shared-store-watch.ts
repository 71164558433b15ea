import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/clock.ts";
import type { Turns } from "../../runtime/turns.ts";
import { isSameGeneration } from "../rebuilding/generations.ts";
import type { HostedModel } from "./hosted-model.ts";
import type { LiveGenerations } from "./live-generations.ts";

/** How often a shared store is checked for switches by other instances, in ms. */
const WATCH_MS = 1_000;

/**
 * Watches a shared document store until the signal aborts, and follows other instances that switch a read model to
 * another generation. Never rejects.
 *
 * @param failed called with each failure and the ms until the next check
 */
export async function watchSharedStore(
  models: readonly HostedModel[],
  generations: LiveGenerations,
  turns: Turns,
  clock: Clock,
  failed: (error: unknown, retryInMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const followOthers = async (): Promise<void> => {
    for (const model of models) {
      const { live } = await generations.generationsOf(model);
      if (!isSameGeneration(live, model.live)) await generations.follow(model, live);
    }
  };
  while (!signal.aborted) {
    await turns.take(followOthers).catch((error: unknown) => failed(error, WATCH_MS));
    await pause(clock, WATCH_MS, signal);
  }
}
