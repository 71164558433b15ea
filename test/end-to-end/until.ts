import { setTimeout as pause } from "node:timers/promises";

/** How long to wait between two looks, in ms. */
const LOOK_AGAIN_MS = 20;

/**
 * Resolves with what the look gives once that is something; looks again while it gives null or false.
 *
 * @param what is waited for, for the message when it does not come within `deadlineMs`
 */
export async function until<T>(
  what: string,
  look: () => T | null | false | Promise<T | null | false>,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await pause(LOOK_AGAIN_MS);
  }
}
