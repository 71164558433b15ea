import type { Clock } from "../runtime/clock.ts";
import { supervise } from "../runtime/supervision.ts";
import type { TroubleLog } from "./trouble-log.ts";

/** The loop of a process manager: one scan after another, with a rest after each. */
export interface Rounds {
  /** Waits until scans are possible. Called first, and again after each failure. */
  begin(): Promise<void>;
  round(): Promise<void>;
  /** Waits until the next scan is due, or the signal aborts. */
  rest(): Promise<unknown>;
}

/**
 * Scans until the signal aborts. A failed scan is logged as trouble, and the loop begins again after a wait that
 * doubles up to `maxBackoffMs` (see `supervise`). Closes the trouble's log at the end. Never rejects.
 */
export async function runRounds(
  rounds: Rounds,
  clock: Clock,
  trouble: TroubleLog,
  signal: AbortSignal,
  maxBackoffMs: number,
): Promise<void> {
  const loop = async (): Promise<void> => {
    await rounds.begin();
    while (!signal.aborted) {
      await rounds.round();
      trouble.worked();
      await rounds.rest();
    }
  };
  const onError = (err: unknown, restartInMs: number): void => trouble.failed({ err, restartInMs });
  await supervise(loop, clock, onError, signal, maxBackoffMs);
  trouble.close();
}
