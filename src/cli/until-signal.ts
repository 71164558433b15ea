const STOPPING = ["SIGINT", "SIGTERM"] as const;

/**
 * Does something that the first SIGINT or SIGTERM breaks off; a second one ends the process.
 *
 * @param after what the line says after `stopped by SIGTERM; `: what became of it
 * @throws what the task throws, which is the signal's reason when it was broken off
 */
export async function untilSignal<T>(after: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = (name: string): void => stop.abort(new Error(`stopped by ${name}; ${after}`));
  for (const name of STOPPING) process.once(name, onSignal);
  try {
    return await task(stop.signal);
  } finally {
    for (const name of STOPPING) process.off(name, onSignal);
  }
}
