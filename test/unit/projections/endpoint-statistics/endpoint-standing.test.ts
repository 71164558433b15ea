import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import { endpointStream } from "../../../../src/events/endpoint.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import {
  endpointsByFailures,
  failingEndpoints,
  pendingOfUser,
} from "../../../../src/projections/endpoint-statistics/endpoint-standings.ts";
import { endpointStatistics } from "../../../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { digestOf } from "../../../../src/projections/rebuilding/model-digest.ts";
import {
  at,
  attempted,
  canceled,
  DELIVERED,
  failed,
  requested,
  UNKNOWN,
} from "../../../specification/delivery-story.ts";
import { deleted, disabled, enabled, registered, updated } from "../../../specification/endpoint-story.ts";
import { batchesOf, contentsOf, filled } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `0198f1a2-0000-7000-8000-${String(n).padStart(12, "0")}`);
const [A = "", B = "", C = ""] = ids(3);

/** A log of one endpoint's events, and of its deliveries' by their ids. */
function story(...events: GatewayEvent[]): RecordedEvent[] {
  return logOf(
    events.map((event) => {
      const { data } = event;
      return ["deliveryId" in data ? deliveryStream(data.deliveryId) : endpointStream(7), event] as const;
    }),
  );
}

/** The standing of endpoint 7 after these events, however they arrive. */
async function standingAfter(...events: GatewayEvent[]): Promise<object | undefined> {
  const log = story(...events);
  const ways = [[log], log.map((event) => [event]), batchesOf(log, 2), [log, log], log.flatMap((it) => [[it], [it]])];
  const digests = new Set<string>();
  let standing: object | undefined;
  for (const batches of ways) {
    const documents = await filled(endpointStatistics, batches);
    digests.add(await digestOf(documents, endpointStatistics));
    standing = (await contentsOf(endpointStatistics, documents)).find((it) => "standing_of" in it);
  }
  expect(digests.size).toBe(1);
  return standing;
}

const failure = (deliveryId: string, seconds: number): GatewayEvent => attempted(1, seconds, seconds, { deliveryId });
const success = (deliveryId: string): GatewayEvent => attempted(1, 5, 5, { ...DELIVERED, deliveryId });

describe("the standing of an endpoint", () => {
  it("begins with its first delivery", async () => {
    expect(await standingAfter(registered(), disabled("requested", 1), enabled(2))).toBeUndefined();
    expect(await standingAfter(registered(), requested(0, A))).toEqual({
      _id: "standing/7",
      standing_of: 7,
      user_id: 3,
      pending: 1,
      stopped: false,
      failures: 0,
      failing_since: null,
    });
  });

  it("counts what has not ended, in whatever way it ends", async () => {
    const three = [requested(0, A), requested(0, B), requested(0, C)];
    expect(await standingAfter(...three)).toMatchObject({ pending: 3 });
    expect(await standingAfter(...three, success(A))).toMatchObject({ pending: 2 });
    expect(await standingAfter(...three, failure(A, 1))).toMatchObject({ pending: 3 });
    expect(await standingAfter(...three, canceled(1, A))).toMatchObject({ pending: 2 });
    const gone = { ...failed(1, "gone"), data: { ...failed(1, "gone").data, deliveryId: B } };
    expect(await standingAfter(...three, success(A), gone, canceled(1, C))).toMatchObject({ pending: 0 });
  });

  it("counts failures in a row, since the first of them", async () => {
    const two = [requested(0, A), requested(0, B)];
    expect(await standingAfter(...two, failure(A, 3), failure(B, 9))).toMatchObject({
      failures: 2,
      failing_since: at(3),
    });
  });

  it("starts counting over after a success, an enabling, and another address", async () => {
    const failing = [requested(0, A), requested(0, B), failure(A, 3)];
    const unbroken = { failures: 0, failing_since: null };
    expect(await standingAfter(...failing, success(B))).toMatchObject(unbroken);
    expect(await standingAfter(...failing, enabled(4))).toMatchObject(unbroken);
    expect(await standingAfter(...failing, updated({ url: "https://b.example" }, 4))).toMatchObject(unbroken);
    expect(await standingAfter(...failing, updated({ nickname: "another" }, 4))).toMatchObject({ failures: 1 });
    expect(await standingAfter(...failing, enabled(4), failure(B, 6))).toMatchObject({
      failures: 1,
      failing_since: at(6),
    });
  });

  it("counts no attempt with an unknown outcome, nor one that ends while it is disabled", async () => {
    const unknown = attempted(1, 0, 1, { ...UNKNOWN, deliveryId: A });
    expect(await standingAfter(requested(0, A), unknown)).toMatchObject({ pending: 1, failures: 0 });
    for (const stop of [disabled("failing", 2), deleted(2)]) {
      const stopped = [requested(0, A), failure(A, 1), stop];
      expect(await standingAfter(...stopped)).toMatchObject({ stopped: true, failures: 0, failing_since: null });
      expect(await standingAfter(...stopped, failure(A, 3))).toMatchObject({ failures: 0, failing_since: null });
    }
    const again = [requested(0, A), disabled("requested", 2), enabled(3), failure(A, 4)];
    expect(await standingAfter(...again)).toMatchObject({ stopped: false, failures: 1, failing_since: at(4) });
  });

  it("never has fewer than none pending, and none when all have ended", async () => {
    const life = (id: string): fc.Arbitrary<GatewayEvent[]> =>
      fc
        .constantFrom<GatewayEvent[]>(
          [failure(id, 1), success(id)],
          [canceled(1, id)],
          [failure(id, 1), canceled(1, id)],
        )
        .map((rest) => [requested(0, id), ...rest]);
    await fc.assert(
      fc.asyncProperty(fc.tuple(...ids(4).map(life)), fc.infiniteStream(fc.nat(3)), async (lives, turns) => {
        const queues = lives.map((events) => [...events]);
        const events: GatewayEvent[] = [];
        for (const turn of turns) {
          const [next] = queues[turn]?.splice(0, 1) ?? [];
          if (next !== undefined) events.push(next);
          if (queues.every((queue) => queue.length === 0)) break;
        }
        for (let until = 1; until <= events.length; until += 3) {
          const part = events.slice(0, until);
          const requests = part.filter(({ type }) => type === "DeliveryRequested").length;
          const ends = part.filter(
            ({ type, data }) => type === "DeliveryCanceled" || ("outcome" in data && data.outcome === "delivered"),
          ).length;
          expect(await standingAfter(...part)).toMatchObject({ pending: requests - ends });
        }
        expect(await standingAfter(...events)).toMatchObject({ pending: 0 });
      }),
      { numRuns: 30 },
    );
  });
});

describe("the queries of standings", () => {
  it("give how many of a user's deliveries are pending, over all endpoints", async () => {
    const log = logOf(
      ids(6).map((id, n) => {
        const event = requested(0, id, 10 + (n % 3));
        return [deliveryStream(id), { ...event, data: { ...event.data, userId: n < 4 ? 3 : 4 } }] as const;
      }),
    );
    // Each of the endpoints is of the user who was first.
    const documents = await filled(endpointStatistics, [log]);
    expect(await pendingOfUser(documents, 3)).toBe(6);
    expect(await pendingOfUser(documents, 4)).toBe(0);
    expect(await pendingOfUser(documents, 99)).toBe(0);
  });

  it("give those with the most failed attempts in a row first, page by page", async () => {
    const log = logOf(
      [1, 3, 0, 3].flatMap((failures, endpoint) => {
        const id = ids(4)[endpoint] ?? "";
        const events = [
          requested(0, id, endpoint + 1),
          ...Array.from({ length: failures }, (_, n) =>
            attempted(n + 1, n, n, { deliveryId: id, nextAttemptAt: at(9) }),
          ),
        ];
        return events.map((event) => [deliveryStream(id), event] as const);
      }),
    );
    const documents = await filled(endpointStatistics, [log]);
    const first = await endpointsByFailures(documents, 2, null);
    expect(first.map((it) => [it.standing_of, it.failures])).toEqual([
      [4, 3],
      [2, 3],
    ]);
    const last = first.at(-1)!;
    const rest = await endpointsByFailures(documents, 9, { failures: last.failures, id: last._id });
    expect(rest.map((it) => it.standing_of)).toEqual([1, 3]);
  });

  it("give those that have been failing since before a time, the longest first", async () => {
    const log = logOf(
      ids(1_203).flatMap((id, n) => [
        [deliveryStream(id), requested(0, id, n + 1)] as const,
        [
          deliveryStream(id),
          attempted(1, 1_203 - n, 1_203 - n, { deliveryId: id, ...(n % 400 === 7 && DELIVERED) }),
        ] as const,
      ]),
    );
    const documents = await filled(endpointStatistics, [log]);
    const found: number[] = [];
    for await (const page of failingEndpoints(documents, at(1_200))) found.push(...page.map((it) => it.standing_of));
    const expected = ids(1_203).flatMap((_id, n) => (1_203 - n < 1_200 && n % 400 !== 7 ? [n + 1] : []));
    expect(found).toEqual(expected.reverse());
  });
});
