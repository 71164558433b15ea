import pRetry from "p-retry";
import { AppendOutcomeUnknown, StoreUnavailable } from "../events/event-store-errors.ts";
import type { AppendResult, EventStore, EventToAppend, ExpectedRevision } from "../events/event-store.ts";

/**
 * Appends, and when it stays open whether the append was written, repeats it with the same ids and the same expectation
 * until that is settled (at most 3 repetitions, within about a second). Nothing else is retried here.
 *
 * @throws whatever `EventStore.append` throws; AppendOutcomeUnknown when it could not be settled. A repetition that finds
 *   the store unavailable settles nothing: it wrote nothing itself, but the first append may have.
 */
export function appendSettled(
  store: EventStore,
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): Promise<AppendResult> {
  return store.append(stream, events, expected).catch((error: unknown) => {
    if (!(error instanceof AppendOutcomeUnknown)) throw error;
    return pRetry(() => store.append(stream, events, expected), {
      retries: 2,
      minTimeout: 100,
      shouldRetry: ({ error: cause }) => isOpen(cause),
    }).catch((last: unknown) => {
      throw last instanceof StoreUnavailable ? new AppendOutcomeUnknown(error.message, { cause: last }) : last;
    });
  });
}

function isOpen(error: unknown): boolean {
  return error instanceof AppendOutcomeUnknown || error instanceof StoreUnavailable;
}
