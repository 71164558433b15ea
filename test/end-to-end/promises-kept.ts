import { hash } from "node:crypto";
import { expect } from "vitest";
import type { Load } from "../fixtures/gateway/load.ts";
import type { ReceivedRequest } from "../fixtures/receivers/receiver.ts";
import type { ApiClient } from "../fixtures/gateway/api-client.ts";

/** What came of a load, in numbers. */
export interface Outcome {
  readonly requested: number;
  readonly acknowledged: number;
  readonly arrived: number;
  /** Arrivals beyond the first of each payload. */
  readonly duplicates: number;
  /** Attempts whose outcome nobody knows. */
  readonly unknown: number;
}

/**
 * Waits until every delivery is final and holds the receiver against the promises: whatever was acknowledged arrived,
 * nothing arrived that was never asked for, and nothing arrived twice but where an attempt's outcome is unknown. A
 * payload counts as arrived only with its exact bytes.
 */
export async function expectPromisesKept(
  load: Load,
  api: ApiClient,
  requests: readonly ReceivedRequest[],
  deadlineMs: number,
): Promise<Outcome> {
  await api.untilAllFinal(deadlineMs);
  const arrivals = new Map<string, number>();
  for (const { body } of requests) arrivals.set(digest(body), (arrivals.get(digest(body)) ?? 0) + 1);
  const deliveries = await api.deliveries();
  const byId = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  const numbers = new Map([...load.requested].map(([number, payload]) => [digest(payload), number]));

  const lost = [...load.acknowledged].filter(([number, id]) => {
    const arrived = arrivals.has(digest(load.requested.get(number)!));
    return !arrived || byId.get(id)?.status !== "SUCCESS";
  });
  expect(lost, "acknowledged, and not delivered").toEqual([]);

  const neverRequested = [...arrivals.keys()].filter((payload) => !numbers.has(payload));
  expect(neverRequested, "delivered, and never asked for").toEqual([]);
  expect(new Set(deliveries.map((delivery) => delivery.payload_sha256)).size).toBe(deliveries.length);

  let unknown = 0;
  const unexplained = deliveries.filter(({ payload_sha256, attempt_log }) => {
    const unknownOfIt = attempt_log.filter(({ outcome }) => outcome === "unknown").length;
    const delivered = attempt_log.filter(({ outcome }) => outcome === "delivered").length;
    unknown += unknownOfIt;
    return (arrivals.get(payload_sha256) ?? 0) > delivered + unknownOfIt;
  });
  expect(unexplained, "delivered more often than the log explains").toEqual([]);

  return {
    requested: load.requested.size,
    acknowledged: load.acknowledged.size,
    arrived: arrivals.size,
    duplicates: requests.length - arrivals.size,
    unknown,
  };
}

function digest(payload: string | Buffer): string {
  return hash("sha256", payload, "hex");
}
