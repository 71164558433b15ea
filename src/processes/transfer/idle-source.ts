import { pause } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";

/** How long a source may take for its next piece before it counts as idle, in ms. */
const IDLE_MS = 50;

/**
 * Passes on the pieces of a source, and does something once whenever the next piece is waited for, as when somebody types
 * into standard input. Throws what the source and `onIdle` throw.
 */
export async function* whenIdle<T>(
  source: AsyncIterable<T>,
  clock: Clock,
  onIdle: () => Promise<void>,
): AsyncGenerator<T> {
  const pieces = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = pieces.next();
      if (await isSlow(next, clock)) await onIdle();
      const piece = await next;
      if (piece.done === true) return;
      yield piece.value;
    }
  } finally {
    // Not waited for: a source that is idle would hold up its own end.
    pieces.return?.().catch(() => undefined);
  }
}

/** Whether something takes longer than a busy source does; whatever it throws is met when it is waited for. */
async function isSlow(next: Promise<unknown>, clock: Clock): Promise<boolean> {
  const come = new AbortController();
  const coming = next.then(
    () => come.abort(),
    () => come.abort(),
  );
  await Promise.race([coming, pause(clock, IDLE_MS, come.signal)]);
  return !come.signal.aborted;
}
