import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairQueue } from "../../../src/processes/fair-queue.ts";
import type { Queued, QueueLimits } from "../../../src/processes/fair-queue.ts";

const WIDE: QueueLimits = { entries: 1_000, bytes: 1_000_000, entriesPerEndpoint: 1_000, concurrencyPerEndpoint: 5 };

function newQueue(limits: Partial<QueueLimits> = {}) {
  let low = 0;
  const queue = new FairQueue({ ...WIDE, ...limits }, () => low++);
  return { queue, lows: () => low };
}

function entry(deliveryId: string | number, endpointId = 1, bytes = 10): Queued {
  return { deliveryId: String(deliveryId), endpointId, bytes };
}

/** Takes everything that can be taken, and ends each at once. */
function drain(queue: FairQueue<Queued>): Queued[] {
  const taken: Queued[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    taken.push(next);
    queue.releaseSlot(next.endpointId);
    queue.forget(next.deliveryId);
  }
  return taken;
}

describe("the bounds of the queue", () => {
  it("turn away what would be too many entries", () => {
    const { queue } = newQueue({ entries: 2 });
    expect([1, 2, 3].map((id) => queue.offer(entry(id, id)))).toEqual([true, true, false]);
    expect(queue.full).toBe(true);
    queue.take();
    expect(queue.full).toBe(false);
    expect(queue.offer(entry(3, 3))).toBe(true);
  });

  it("turn away what would be too many bytes, and take what is smaller", () => {
    const { queue } = newQueue({ bytes: 100 });
    expect(queue.offer(entry("a", 1, 60))).toBe(true);
    expect(queue.offer(entry("b", 1, 41))).toBe(false);
    expect(queue.full).toBe(false);
    expect(queue.offer(entry("c", 1, 40))).toBe(true);
    expect(queue.full).toBe(true);
  });

  it("turn away what would be too much of one endpoint, and take others'", () => {
    const { queue } = newQueue({ entriesPerEndpoint: 2 });
    expect([1, 2, 3].map((id) => queue.offer(entry(id, 1)))).toEqual([true, true, false]);
    expect(queue.full).toBe(false);
    expect(queue.offer(entry(4, 2))).toBe(true);
  });

  it("keep a delivery once, until it is forgotten", () => {
    const { queue } = newQueue();
    expect([queue.offer(entry("a")), queue.offer(entry("a"))]).toEqual([true, true]);
    expect(queue.size).toBe(1);
    queue.take();
    expect(queue.knows("a")).toBe(true);
    expect(queue.offer(entry("a"))).toBe(true);
    expect(queue.take()).toBeNull();
    queue.releaseSlot(1);
    expect(queue.knows("a")).toBe(true);
    queue.forget("a");
    expect(queue.knows("a")).toBe(false);
    queue.offer(entry("a"));
    expect(queue.take()).toEqual(entry("a"));
  });
});

describe("the turns of endpoints", () => {
  it("pass over an endpoint whose share is under way", () => {
    const { queue } = newQueue({ concurrencyPerEndpoint: 2 });
    for (const id of [1, 2, 3, 4]) queue.offer(entry(id, 1));
    queue.offer(entry(5, 2));
    expect([queue.take(), queue.take(), queue.take(), queue.take()].map((next) => next?.deliveryId)).toEqual([
      "1",
      "5",
      "2",
      undefined,
    ]);
    queue.releaseSlot(1);
    expect(queue.take()).toEqual(entry(3, 1));
    expect(queue.take()).toBeNull();
  });

  it("let a newcomer be the next but one behind an endpoint with a long queue", () => {
    const { queue } = newQueue();
    for (let id = 0; id < 500; id++) queue.offer(entry(id, 1));
    queue.offer(entry("newcomer", 2));
    expect([queue.take(), queue.take()].map((next) => next?.deliveryId)).toEqual(["0", "newcomer"]);
  });

  it("are fair, in each endpoint's own order, and lose nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 300 }), (endpointIds) => {
        const { queue } = newQueue();
        const waiting = new Map<number, number>();
        for (const [id, endpointId] of endpointIds.entries()) {
          queue.offer(entry(id, endpointId));
          waiting.set(endpointId, (waiting.get(endpointId) ?? 0) + 1);
        }
        const turns = new Map([...waiting.keys()].map((endpointId) => [endpointId, 0]));
        const taken = drain(queue);
        for (const { endpointId } of taken) {
          turns.set(endpointId, (turns.get(endpointId) ?? 0) + 1);
          waiting.set(endpointId, (waiting.get(endpointId) ?? 0) - 1);
          const hungry = [...turns].filter(([id]) => (waiting.get(id) ?? 0) > 0).map(([, count]) => count);
          // Nobody who still waits is more than one turn behind anybody.
          expect(Math.min(...hungry, Infinity)).toBeGreaterThanOrEqual((turns.get(endpointId) ?? 0) - 1);
        }
        const byEndpoint = Map.groupBy(taken, ({ endpointId }) => endpointId);
        for (const own of byEndpoint.values()) {
          const ids = own.map(({ deliveryId }) => Number(deliveryId));
          expect(ids).toEqual([...ids].sort((a, b) => a - b));
        }
        expect(taken).toHaveLength(endpointIds.length);
      }),
    );
  });

  it("never let an endpoint have more than its share, and never leave a free slot with somebody waiting", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("offer" as const), endpointId: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("end" as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const share = 2;
        const { queue } = newQueue({ concurrencyPerEndpoint: share });
        const waiting: Queued[] = [];
        const running: Queued[] = [];
        const runningOf = (id: number): number => running.filter(({ endpointId }) => endpointId === id).length;
        for (const [id, next] of steps.entries()) {
          if (next.kind === "offer") {
            waiting.push(entry(id, next.endpointId));
            queue.offer(entry(id, next.endpointId));
          } else if (next.kind === "take") {
            const taken = queue.take();
            const possible = waiting.some(({ endpointId }) => runningOf(endpointId) < share);
            expect(taken !== null).toBe(possible);
            if (taken === null) continue;
            waiting.splice(
              waiting.findIndex(({ deliveryId }) => deliveryId === taken.deliveryId),
              1,
            );
            running.push(taken);
            expect(runningOf(taken.endpointId)).toBeLessThanOrEqual(share);
          } else {
            const [ended] = running.splice(next.which % Math.max(1, running.length), 1);
            if (ended === undefined) continue;
            queue.releaseSlot(ended.endpointId);
            queue.forget(ended.deliveryId);
          }
          expect(queue.size).toBe(waiting.length);
        }
      }),
    );
  });
});

describe("running low", () => {
  it("is told once when little is left after something was turned away", () => {
    const { queue, lows } = newQueue({ entries: 8 });
    for (let id = 0; id < 9; id++) queue.offer(entry(id, id));
    for (let left = 8; left > 2; left--) queue.take();
    expect(lows()).toBe(0);
    queue.take();
    expect(lows()).toBe(1);
    queue.take();
    expect(lows()).toBe(1);
  });

  it("is told when little is left of one endpoint's part, though the queue has much of others", () => {
    const { queue, lows } = newQueue({ entriesPerEndpoint: 4, concurrencyPerEndpoint: 1 });
    for (let id = 0; id < 5; id++) queue.offer(entry(`own ${id}`, 1));
    for (let id = 0; id < 200; id++) queue.offer(entry(`other ${id}`, 2 + (id % 100)));
    // The others are slow: each holds its slot, and its second delivery waits.
    for (let next = queue.take(); next !== null; next = queue.take()) {
      if (next.endpointId === 1) queue.releaseSlot(1);
    }
    expect(lows()).toBe(1);
    expect(queue.size).toBe(100);
  });

  it("is not told when nothing was turned away", () => {
    const { queue, lows } = newQueue({ entries: 8 });
    for (let id = 0; id < 8; id++) queue.offer(entry(id, id));
    drain(queue);
    expect(lows()).toBe(0);
  });

  it("is told in time for the queue to be filled again from within the call", () => {
    let refilled = false;
    const queue: FairQueue<Queued> = new FairQueue({ ...WIDE, entries: 4 }, () => {
      if (!refilled) queue.offer(entry("late", 9));
      refilled = true;
    });
    for (let id = 0; id < 5; id++) queue.offer(entry(id, id));
    expect(drain(queue).map(({ deliveryId }) => deliveryId)).toEqual(["0", "1", "2", "3", "late"]);
  });
});
