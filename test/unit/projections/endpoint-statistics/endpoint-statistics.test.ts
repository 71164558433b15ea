import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { readEvent } from "../../../../src/events/catalogue.ts";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import {
  daysOfEndpoint,
  endpointStatistics,
} from "../../../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { collectionOf } from "../../../../src/projections/projection.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { randomEntries } from "../../../fixtures/event-log/random-log.ts";
import {
  at,
  attempted,
  DELIVERED,
  DELIVERY_ID,
  failed,
  released,
  requested,
  started,
  UNKNOWN,
} from "../../../specification/delivery-story.ts";
import { batchesOf, contentsOf, filled, specificationOf } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const given = specificationOf(endpointStatistics);
const OTHER_ID = "0198f1a2-0000-7000-8000-000000000002";
/** Seconds from the story's beginning, at noon, to midnight. */
const MIDNIGHT = 12 * 60 * 60;

const OPEN = { _id: `delivery/${DELIVERY_ID}`, endpoint: 7, user: 3 };
const STANDING = {
  _id: "standing/7",
  standing_of: 7,
  user_id: 3,
  pending: 0,
  stopped: false,
  failures: 0,
  failing_since: null,
};
const PENDING = { ...STANDING, pending: 1 };
/** One dispatch at noon, which has ended. */
const LOAD = {
  _id: "load/3",
  load_of: 3,
  backlog: 0,
  rate_minute: Date.parse(at(0)) / 60_000,
  rate: 1,
  earlier_rate: 0,
};
const LOADED = { ...LOAD, backlog: 1 };
const DAY = {
  _id: "7/2026-03-01",
  endpoint_id: 7,
  day: "2026-03-01",
  delivered: 0,
  failed: 0,
  attempts: { delivered: 0, failed: 0, unknown: 0 },
  durations: [],
  error_codes: {},
};

function logOfDelivery(...events: GatewayEvent[]): RecordedEvent[] {
  return logOf(events.map((event) => [deliveryStream(DELIVERY_ID), event] as const));
}

describe("the statistics of an endpoint", () => {
  it("remember whose a delivery is, and say nothing of a day before something ended", async () => {
    await given(logOfDelivery(requested(), started(1, 0))).then(OPEN, LOADED, PENDING);
    await given(logOfDelivery(requested(), started(1, 0), released(1, 1))).then(OPEN, LOADED, PENDING);
  });

  it("count an attempt with its outcome, duration and error code", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1));
    const attempts = { delivered: 0, failed: 1, unknown: 0 };
    await given(log).then(
      { ...DAY, attempts, durations: [[1_069, 1]], error_codes: { http_status: 1 } },
      OPEN,
      LOADED,
      {
        ...PENDING,
        failures: 1,
        failing_since: at(1),
      },
    );
  });

  it("forget a delivery that was delivered, and count it once", async () => {
    const log = logOfDelivery(
      requested(),
      started(1, 0),
      attempted(1, 0, 1, { errorCode: "timeout" }),
      started(2, 61),
      attempted(2, 61, 62, { ...DELIVERED, durationMs: 7 }),
    );
    const attempts = { delivered: 1, failed: 1, unknown: 0 };
    const durations = [
      [7, 1],
      [1_069, 1],
    ];
    await given(log).then({ ...DAY, delivered: 1, attempts, durations, error_codes: { timeout: 1 } }, LOAD, STANDING);
  });

  it("forget a delivery that failed, and count it and all its attempts", async () => {
    const log = logOfDelivery(
      requested(),
      ...[1, 2, 3].flatMap((number) => [
        started(number, number),
        attempted(number, number, number, { errorCode: number === 2 ? "dns" : "tls" }),
      ]),
      failed(3, "attempts_exhausted"),
    );
    const attempts = { delivered: 0, failed: 3, unknown: 0 };
    await given(log).then({ ...DAY, failed: 1, attempts, durations: [[0, 3]], error_codes: { dns: 1, tls: 2 } }, LOAD, {
      ...STANDING,
      failures: 3,
      failing_since: at(1),
    });
  });

  it("count an attempt with an unknown outcome, but not its duration", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 30, UNKNOWN));
    await given(log).then({ ...DAY, attempts: { delivered: 0, failed: 0, unknown: 1 } }, OPEN, LOADED, PENDING);
  });

  it("put an attempt on the day in UTC on which it ended, wherever the delivery or the attempt began", async () => {
    const log = logOfDelivery(
      requested(),
      started(1, 0),
      attempted(1, 0, 0),
      started(2, MIDNIGHT - 1),
      attempted(2, MIDNIGHT - 1, MIDNIGHT, DELIVERED),
    );
    const next = { ...DAY, _id: "7/2026-03-02", day: "2026-03-02", durations: [[1_069, 1]] };
    await given(log).then(
      {
        ...DAY,
        attempts: { delivered: 0, failed: 1, unknown: 0 },
        durations: [[0, 1]],
        error_codes: { http_status: 1 },
      },
      { ...next, delivered: 1, attempts: { delivered: 1, failed: 0, unknown: 0 } },
      LOAD,
      STANDING,
    );
  });

  it("keep the endpoints apart, and their deliveries together", async () => {
    const third = "0198f1a2-0000-7000-8000-000000000003";
    const log = logOf(
      [
        requested(),
        requested(0, OTHER_ID, 8),
        requested(0, third),
        attempted(1, 0, 0, DELIVERED),
        attempted(1, 0, 0, { ...DELIVERED, deliveryId: third }),
        attempted(1, 0, 0, { ...DELIVERED, deliveryId: OTHER_ID }),
      ].map((event) => [deliveryStream(event.data.deliveryId), event] as const),
    );
    const one = { delivered: 1, attempts: { delivered: 1, failed: 0, unknown: 0 }, durations: [[0, 1]] };
    const two = { delivered: 2, attempts: { delivered: 2, failed: 0, unknown: 0 }, durations: [[0, 2]] };
    await given(log).then(
      { ...DAY, ...two },
      { ...DAY, ...one, _id: "8/2026-03-01", endpoint_id: 8 },
      { ...LOAD, rate: 3 },
      STANDING,
      { ...STANDING, _id: "standing/8", standing_of: 8 },
    );
  });

  it("pass over events of a delivery that the log does not begin", async () => {
    await given(logOfDelivery(started(1, 0), attempted(1, 0, 1, DELIVERED))).then();
  });
});

describe("a crash anywhere in the writing of the statistics", () => {
  it("neither doubles nor loses an attempt", async () => {
    const split = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(randomEntries, split, fc.nat(12), fc.nat(3), async (entries, size, crashAt, written) => {
        const log = logOf(entries).map(readEvent);
        const alone = await filled(endpointStatistics, [log]);
        const documents = new MemoryDocumentStore();
        await documents.prepare(collectionOf(endpointStatistics));
        const write = documents.write.bind(documents);
        let calls = 0;
        documents.write = async (collection, writes, checkpoint) => {
          if (calls++ !== crashAt) return write(collection, writes, checkpoint);
          // A part of the documents, and not the checkpoint: what a store that knows no transactions may leave.
          await write(collection, writes.slice(0, written), null);
          throw new Error("the process died");
        };
        for (const batch of batchesOf(log, size)) {
          // Whoever comes after the crash goes on with the same batch, the checkpoint being that of the one before.
          await foldBatch(endpointStatistics, documents, batch).catch(() =>
            foldBatch(endpointStatistics, documents, batch),
          );
        }
        expect(await digestOf(documents, endpointStatistics)).toBe(await digestOf(alone, endpointStatistics));
      }),
      { numRuns: 300 },
    );
  });

  it("writes what an event counts for before its delivery is forgotten", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED));
    const documents = await filled(endpointStatistics, [log.slice(0, 2)]);
    const write = documents.write.bind(documents);
    const written: string[][] = [];
    documents.write = (collection, writes, checkpoint) => {
      written.push(writes.map(({ id }) => id));
      return write(collection, writes, checkpoint);
    };
    await foldBatch(endpointStatistics, documents, log.slice(2).map(readEvent));
    expect(written).toEqual([["7/2026-03-01", "standing/7", "load/3"], [`delivery/${DELIVERY_ID}`]]);
    expect(await contentsOf(endpointStatistics, documents)).toMatchObject([
      { delivered: 1 },
      { backlog: 0 },
      { pending: 0 },
    ]);
  });
});

describe("the query of the statistics", () => {
  const days = [1, 2, 3, 5];
  const log = logOf(
    days
      .flatMap((day) =>
        [7, 70].map((endpoint) => {
          const deliveryId = `0198f1a2-0000-7000-8000-${String(endpoint * 100 + day).padStart(12, "0")}`;
          const seconds = (day - 1) * 24 * 60 * 60;
          return [
            [deliveryStream(deliveryId), requested(seconds, deliveryId, endpoint)],
            [deliveryStream(deliveryId), attempted(1, seconds, seconds, { deliveryId })],
          ] as const;
        }),
      )
      .flat(),
  );

  async function daysFound(...query: [{ from?: string; to?: string }, number, string | null]): Promise<string[]> {
    const found = await daysOfEndpoint(await filled(endpointStatistics, [log]), 7, ...query);
    expect(found.every(({ endpoint_id }) => endpoint_id === 7)).toBe(true);
    return found.map(({ day }) => day);
  }

  it("gives the endpoint's days alone, latest first, and so many", async () => {
    expect(await daysFound({}, 10, null)).toEqual(["2026-03-05", "2026-03-03", "2026-03-02", "2026-03-01"]);
    expect(await daysFound({}, 2, null)).toEqual(["2026-03-05", "2026-03-03"]);
    expect(await daysFound({}, 2, "2026-03-03")).toEqual(["2026-03-02", "2026-03-01"]);
  });

  it("begins with the first day and ends before the last one that was asked for", async () => {
    expect(await daysFound({ from: "2026-03-02", to: "2026-03-05" }, 10, null)).toEqual(["2026-03-03", "2026-03-02"]);
    expect(await daysFound({ from: "2026-03-04" }, 10, null)).toEqual(["2026-03-05"]);
    expect(await daysFound({ to: "2026-03-02" }, 10, null)).toEqual(["2026-03-01"]);
  });
});
