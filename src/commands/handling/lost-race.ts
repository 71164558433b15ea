import { RevisionConflict } from "../../events/store/event-store-errors.ts";
import type { RetryOptions } from "../../runtime/retrying.ts";

/**
 * How a command that lost a race begins again. Each loss needs another change of the stream, so that of 16 changes at once all
 * are written. The waits grow from 5 ms to 0.1 s, about 2 s in all at the most.
 */
export const AFTER_LOST_RACES: RetryOptions = {
  retries: 15,
  minTimeout: 5,
  maxTimeout: 100,
  randomize: true,
  shouldRetry: (error) => error instanceof RevisionConflict,
};
