import { AppendOutcomeUnknown, StoreUnavailable } from "../events/event-store-errors.ts";
import type { AppendResult, EventStore, EventToAppend, ExpectedRevision } from "../events/event-store.ts";
import { retrying } from "./retrying.ts";

/** When the repetitions took this long, in ms, there is no further one: whoever waits for the answer gets it in time. */
const REPETITION_MS = 1_500;

/**
 * Appends, and when it stays open whether the append was written, repeats it with the same ids and the same expectation
 * until that is settled (at most 3 repetitions, the last begun within 1.5 s). Nothing else is retried here.
 *
 * @throws whatever `EventStore.append` throws; AppendOutcomeUnknown when it could not be settled. A repetition that finds
 *   the store unavailable settles nothing: it wrote nothing itself, but the first append may have.
 */
export async function appendSettled(
  store: EventStore,
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): Promise<AppendResult> {
  let open: AppendOutcomeUnknown | null = null;
  const append = async (): Promise<AppendResult> => {
    try {
      return await store.append(stream, events, expected);
    } catch (error) {
      if (error instanceof AppendOutcomeUnknown) open = error;
      if (open !== null && error instanceof StoreUnavailable) {
        throw new AppendOutcomeUnknown(open.message, { cause: error });
      }
      throw error;
    }
  };
  return retrying(append, {
    retries: 3,
    minTimeout: 100,
    maxRetryTime: REPETITION_MS,
    shouldRetry: (error) => error instanceof AppendOutcomeUnknown,
  });
}
