import type { Clock } from "../runtime/clock.ts";
import { supervise } from "../runtime/supervision.ts";
import type { TroubleLog } from "./trouble-log.ts";

/** The work of a process manager: round after round, with a rest after each. */
export interface Rounds {
  /** Waits until rounds can be made. Called first, and again after each failure. */
  begin(): Promise<void>;
  round(): Promise<void>;
  /** Waits until the next round is due, or the signal aborts. */
  rest(): Promise<unknown>;
}

/**
 * Makes rounds until the signal aborts. One that fails is logged as trouble, and the rounds begin again after a wait that
 * doubles up to `maxBackoffMs` (see `supervise`). The trouble's log is closed at the end. Never rejects.
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
