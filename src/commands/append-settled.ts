import pRetry from "p-retry";
import { AppendOutcomeUnknown } from "../events/event-store-errors.ts";
import type { AppendResult, EventStore, EventToAppend, ExpectedRevision } from "../events/event-store.ts";

/**
 * Appends, and when it stays open whether the append was written, repeats it with the same ids and the same expectation
 * until that is settled (at most 3 repetitions, within about a second). Nothing else is retried here.
 *
 * @throws whatever `EventStore.append` throws; AppendOutcomeUnknown when it could not be settled.
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
      shouldRetry: ({ error: cause }) => cause instanceof AppendOutcomeUnknown,
    });
  });
}
