import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { deliveryStream } from "../../../../src/events/delivery.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { endpointStatistics } from "../../../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { dispatchesPerMinute, loadId, minuteOf } from "../../../../src/projections/endpoint-statistics/user-load.ts";
import { usersByBacklog, usersByRate } from "../../../../src/projections/endpoint-statistics/user-loads.ts";
import { attempted, canceled, DELIVERED, failed, msAt, requested } from "../../../specification/delivery-story.ts";
import { contentsOf, filled, specificationOf } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
const NOON = minuteOf(msAt(0));

function log(...events: GatewayEvent[]) {
  return logOf(
    events.map((event) => [deliveryStream((event.data as { deliveryId: string }).deliveryId), event] as const),
  );
}

/** The load of user 3 after these events. */
async function loadAfter(...events: GatewayEvent[]): Promise<object | undefined> {
  const documents = await filled(endpointStatistics, [log(...events)]);
  const all = (await contentsOf(endpointStatistics, documents)) as { _id: string }[];
  return all.find(({ _id }) => _id === loadId(3));
}

/** A dispatch at that second, of user 3 unless another is named. */
function dispatch(number: number, seconds: number, userId = 3): GatewayEvent {
  const event = requested(seconds, id(number), userId);
  return { ...event, data: { ...event.data, userId } };
}

describe("the load of a user", () => {
  it("is what has not ended, over all endpoints", async () => {
    const gone = { ...failed(1, "gone"), data: { ...failed(1, "gone").data, deliveryId: id(2) } };
    const three = [1, 2, 3].map((number) => requested(0, id(number), number));
    expect(await loadAfter(...three)).toMatchObject({ backlog: 3 });
    expect(await loadAfter(...three, attempted(1, 0, 1, { deliveryId: id(1) }))).toMatchObject({ backlog: 3 });
    expect(await loadAfter(...three, attempted(1, 0, 1, { ...DELIVERED, deliveryId: id(1) }))).toMatchObject({
      backlog: 2,
    });
    expect(await loadAfter(...three, gone, canceled(1, id(3)))).toMatchObject({ backlog: 1 });
  });

  it("counts dispatches by the minute in which they were accepted, and keeps the minute before", async () => {
    const counts = async (...seconds: number[]) => {
      const load = await loadAfter(...seconds.map((second, number) => dispatch(number, second)));
      const { rate_minute, rate, earlier_rate } = load as Record<string, number>;
      return [rate_minute! - NOON, rate, earlier_rate];
    };
    expect(await counts(0, 59.999)).toEqual([0, 2, 0]);
    expect(await counts(0, 59, 60)).toEqual([1, 1, 2]);
    expect(await counts(0, 59, 60, 180)).toEqual([3, 1, 0]);
    // Another instance's clock is a little behind.
    expect(await counts(59, 60, 59.9)).toEqual([1, 1, 2]);
    // The clock was set back.
    expect(await counts(600, 0)).toEqual([0, 1, 0]);
  });

  it("is the same in whichever way its events arrive", async () => {
    const events = [dispatch(1, 0), dispatch(2, 70), attempted(1, 0, 1, { ...DELIVERED, deliveryId: id(1) })];
    const documents = await filled(endpointStatistics, [log(...events)]);
    const expected = await contentsOf(endpointStatistics, documents);
    expect(expected).toContainEqual(expect.objectContaining({ _id: loadId(3), backlog: 1, rate: 1, earlier_rate: 1 }));
    await specificationOf(endpointStatistics)(log(...events)).then(...expected);
  });
});

describe("the rate of a user", () => {
  const load = { _id: "load/3", position: positionOf(1), load_of: 3, backlog: 0, rate_minute: NOON };

  it("is that of the last 60 seconds, the minute before as if it had been spread evenly", () => {
    const rates = { ...load, rate: 30, earlier_rate: 120 };
    expect([0, 15, 45].map((second) => dispatchesPerMinute(rates, msAt(second)))).toEqual([150, 120, 60]);
    expect([60, 90, 119].map((second) => dispatchesPerMinute(rates, msAt(second)))).toEqual([30, 15, 1]);
    expect(dispatchesPerMinute(rates, msAt(120))).toBe(0);
    expect(dispatchesPerMinute(rates, msAt(-1))).toBe(0);
  });

  it("is never more than what was dispatched in two minutes, and never less than none", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), fc.integer({ min: -300, max: 300 }), (rate, earlier_rate, second) => {
        const found = dispatchesPerMinute({ ...load, rate, earlier_rate }, msAt(second));
        expect(found).toBeGreaterThanOrEqual(0);
        expect(found).toBeLessThanOrEqual(rate + earlier_rate);
      }),
    );
  });
});

describe("the users with the most load", () => {
  it("are listed by backlog, page by page, without those who have none", async () => {
    const events = [1, 2, 2, 3, 3, 3, 4, 5, 5].map((userId, number) => dispatch(number, 0, userId));
    const end = attempted(1, 0, 1, { ...DELIVERED, deliveryId: id(6) });
    const documents = await filled(endpointStatistics, [log(...events, end)]);
    const first = await usersByBacklog(documents, 2, null);
    expect(first.map(({ load_of, backlog }) => [load_of, backlog])).toEqual([
      [3, 3],
      [5, 2],
    ]);
    const last = first.at(-1)!;
    const rest = await usersByBacklog(documents, 9, { backlog: last.backlog, id: last._id });
    expect(rest.map(({ load_of }) => load_of)).toEqual([2, 1]);
  });

  it("are listed by rate, of this minute and the last, and not those who stopped before", async () => {
    const of = (userId: number, count: number, seconds: number) =>
      Array.from({ length: count }, (_, n) => dispatch(userId * 100 + n, seconds, userId));
    const events = [...of(4, 9, -120), ...of(1, 5, 0), ...of(2, 8, 30), ...of(5, 1, 30), ...of(3, 2, 61)];
    const documents = await filled(endpointStatistics, [log(...events, ...of(9, 1, 62))]);
    const found = await usersByRate(documents, 3, msAt(75));
    expect(found.map(({ load_of }) => load_of)).toEqual([2, 1, 3]);
  });
});
