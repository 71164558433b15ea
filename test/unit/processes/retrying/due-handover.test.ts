import { describe, expect, it } from "vitest";
import { DueHandover } from "../../../../src/processes/retrying/due-handover.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

const ID = "3f0c9b1e-1111-4222-8333-444455556666";

/** A handover to a worker that notes what it takes, `armed` at a time. */
function newHandover(armed = 10) {
  const clock = new FakeClock();
  const begin = clock.now();
  const taken: { readonly deliveryId: string; readonly at: number }[] = [];
  const worker = {
    full: false,
    knows: () => false,
    take: (deliveryId: string) => taken.push({ deliveryId, at: clock.now() - begin }) > 0,
  };
  let low = 0;
  const handover = new DueHandover(worker, clock, { armed, random: () => 0 }, () => low++);
  const due = (seconds: number, deliveryId = ID) => ({
    deliveryId,
    endpointId: 1,
    dueAt: new Date(begin + seconds * 1_000).toISOString(),
  });
  return { clock, taken, handover, due, lows: () => low };
}

describe("a due time that this process recorded", () => {
  it.each([
    ["the end of the lease before it", 30],
    ["a time that has passed", -5],
  ])("is kept when the to-do list is behind and still has %s", async (_name, listed) => {
    const { clock, taken, handover, due } = newHandover();
    handover.recorded(due(5));
    expect(handover.listed(due(listed))).toBe("nothing");
    await clock.advance(60_000);
    expect(taken).toEqual([{ deliveryId: ID, at: 5_000 }]);
  });

  it("replaces one of the to-do list", async () => {
    const { clock, taken, handover, due } = newHandover();
    handover.listed(due(30));
    handover.recorded(due(5));
    await clock.advance(60_000);
    expect(taken).toEqual([{ deliveryId: ID, at: 5_000 }]);
  });

  it("is replaced by the next that is recorded", async () => {
    const { clock, taken, handover, due } = newHandover();
    handover.recorded(due(5));
    handover.recorded(due(9));
    await clock.advance(60_000);
    expect(taken).toEqual([{ deliveryId: ID, at: 9_000 }]);
  });
});

describe("a due time of the to-do list", () => {
  it("is replaced by a newer one of the list", async () => {
    const { clock, taken, handover, due } = newHandover();
    handover.listed(due(30));
    handover.listed(due(35));
    await clock.advance(60_000);
    expect(taken).toEqual([{ deliveryId: ID, at: 35_000 }]);
  });
});

describe("a handover that is full", () => {
  it("says so, and calls once when few are armed", async () => {
    const { clock, handover, due, lows } = newHandover(8);
    for (let n = 1; n <= 8; n++) expect(handover.listed(due(n, `delivery-${n}`))).toBe("taken_in");
    expect(handover.listed(due(9, "delivery-9"))).toBe("all_full");
    expect(handover.armed).toBe(8);
    await clock.advance(6_000);
    expect(lows()).toBe(0);
    await clock.advance(60_000);
    expect(lows()).toBe(1);
  });
});
