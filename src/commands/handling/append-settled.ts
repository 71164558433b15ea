import type { AppendResult, EventToAppend, ExpectedRevision, StreamStore } from "../../events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../events/store/event-store-errors.ts";
import { retrying } from "../../runtime/retrying.ts";

/**
 * When the append took this long with its repetitions, in ms, there is no further one: a store may take 4 s for each, and
 * a client gets its answer within 5 s.
 */
const REPETITION_MS = 1_000;

/**
 * Appends, and when it stays open whether the append was written, repeats it with the same ids and the same expectation
 * until that is settled: at most 3 repetitions, the last begun within 1 s of the first try's beginning. So an open outcome
 * that took the store its whole patience is the caller's. Nothing else is retried here.
 *
 * @throws whatever `EventStore.append` throws; AppendOutcomeUnknown when it could not be settled. A repetition that finds
 *   the store unavailable settles nothing: it wrote nothing itself, but the first append may have.
 */
export async function appendSettled(
  store: StreamStore,
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
