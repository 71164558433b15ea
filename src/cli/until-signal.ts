/** The signals that ask a command to stop. */
export const STOPPING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does something that the first SIGINT, SIGTERM or SIGHUP breaks off; SIGINT or SIGTERM after it ends the process.
 *
 * @param after what the line says after `stopped by SIGTERM; `: what became of it; or what tells that at the signal
 * @throws what the task throws, which is the signal's reason when it was broken off
 */
export async function untilSignal<T>(
  after: string | (() => string),
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const onSignal = (name: string): void => {
    stop.abort(new Error(`stopped by ${name}; ${typeof after === "string" ? after : after()}`));
    // Not SIGHUP: it comes twice when a terminal closes, and systemd sends it right after SIGTERM.
    for (const one of ["SIGINT", "SIGTERM"]) process.off(one, onSignal);
  };
  for (const name of STOPPING) process.on(name, onSignal);
  try {
    return await task(stop.signal);
  } finally {
    for (const name of STOPPING) process.off(name, onSignal);
  }
}

/** Waits for something that does not look at the signal itself, and no longer than until it aborts. Throws its reason then. */
export async function unlessStopped<T>(signal: AbortSignal, waitedFor: Promise<T>): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([waitedFor, stopped]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** For a `catch`: rethrows the signal's reason in place of what it led to. */
export function orReason(signal: AbortSignal): (error: unknown) => never {
  return (error) => {
    signal.throwIfAborted();
    throw error;
  };
}
