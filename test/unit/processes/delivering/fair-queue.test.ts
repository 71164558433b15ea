import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairQueue } from "../../../../src/processes/delivering/fair-queue.ts";
import type { Queued, QueueLimits } from "../../../../src/processes/delivering/fair-queue.ts";

const WIDE: QueueLimits = { entries: 1_000, bytes: 1_000_000, entriesPerEndpoint: 1_000, slots: 1_000 };

interface Shares {
  readonly concurrency: number;
  /** By default every endpoint is another user's. */
  readonly userOf: (endpointId: number) => number;
}

function newQueue(limits: Partial<QueueLimits> = {}, shares: Partial<Shares> = {}) {
  const { concurrency, userOf }: Shares = { concurrency: 5, userOf: (id) => id, ...shares };
  let low = 0;
  const share = { concurrency };
  const shareOf = (endpointId: number) => ({ userId: userOf(endpointId), ...share });
  const queue = new FairQueue({ ...WIDE, ...limits }, shareOf, () => low++);
  return { queue, share, lows: () => low };
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

  it("refuse an entry with too many bytes, and take a smaller one", () => {
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
    const { queue } = newQueue({}, { concurrency: 2 });
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

  it("let a newcomer be next but one beside an endpoint with a long queue", () => {
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

  it("never let an endpoint have more than its share, and never leave a slot free while an entry waits", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("offer" as const), endpointId: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("end" as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const share = 2;
        const { queue } = newQueue({}, { concurrency: share });
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

describe("the shares of users", () => {
  const ALICE = 1;
  const BOB = 2;
  /** Endpoints below 1,000 are Alice's, the others Bob's. */
  const userOf = (endpointId: number): number => (endpointId < 1_000 ? ALICE : BOB);

  function takeAll(queue: FairQueue<Queued>): Queued[] {
    const taken: Queued[] = [];
    for (let next = queue.take(); next !== null; next = queue.take()) taken.push(next);
    return taken;
  }

  it("leave a quarter of the slots to others, however many endpoints one has", () => {
    const { queue } = newQueue({ slots: 256 }, { userOf });
    for (let id = 0; id < 600; id++) queue.offer(entry(`alice ${id}`, id % 200));
    expect(takeAll(queue)).toHaveLength(192);
    for (let id = 0; id < 100; id++) queue.offer(entry(`bob ${id}`, 1_000 + id));
    expect(queue.take()?.deliveryId).toBe("bob 0");
    // With one more of Bob's under way, Alice has more than her share, so that all the next are Bob's.
    expect(new Set(takeAll(queue).map(({ endpointId }) => userOf(endpointId)))).toEqual(new Set([BOB]));
  });

  it("give one alone all slots in the end but a quarter, and those of one who stopped to who goes on", () => {
    const { queue } = newQueue({ slots: 8 }, { userOf });
    for (let id = 0; id < 20; id++) queue.offer(entry(`alice ${id}`, id));
    queue.offer(entry("bob", 1_000));
    const taken = takeAll(queue);
    expect(taken.map(({ endpointId }) => userOf(endpointId)).filter((user) => user === BOB)).toHaveLength(1);
    expect(taken).toHaveLength(7);
    queue.releaseSlot(1_000);
    expect(takeAll(queue)).toHaveLength(0);
    queue.releaseSlot(taken.find(({ endpointId }) => userOf(endpointId) === ALICE)?.endpointId ?? -1);
    expect(takeAll(queue)).toHaveLength(1);
  });

  it("take turns, so that one with many endpoints has no more turns than one with a single one", () => {
    const { queue } = newQueue({}, { userOf });
    for (let id = 0; id < 90; id++) queue.offer(entry(`alice ${id}`, id));
    for (let id = 0; id < 4; id++) queue.offer(entry(`bob ${id}`, 1_000));
    const turns = Array.from({ length: 8 }, () => userOf(queue.take()?.endpointId ?? -1));
    expect(turns).toEqual([ALICE, BOB, ALICE, BOB, ALICE, BOB, ALICE, BOB]);
  });

  it("leave a quarter of the room to others, in entries and in bytes", () => {
    for (const limits of [{ entries: 100 }, { bytes: 1_000 }]) {
      const { queue } = newQueue(limits, { userOf });
      const taken = Array.from({ length: 100 }, (_, id) => queue.offer(entry(`alice ${id}`, id)));
      expect(taken.filter(Boolean)).toHaveLength(75);
      expect(queue.full).toBe(false);
      expect(queue.offer(entry("bob", 1_000))).toBe(true);
    }
  });

  it("report that a user's part ran low after it refused an entry", () => {
    const { queue, lows } = newQueue({ entries: 100 }, { userOf, concurrency: 100 });
    for (let id = 0; id < 76; id++) queue.offer(entry(`alice ${id}`, id));
    for (let left = 75; left > 19; left--) queue.take();
    expect(lows()).toBe(0);
    queue.take();
    expect(lows()).toBe(1);
  });

  it("follow what an endpoint may have when that changes", () => {
    const { queue, share } = newQueue({}, { concurrency: 1 });
    for (let id = 0; id < 5; id++) queue.offer(entry(id, 1));
    expect(takeAll(queue)).toHaveLength(1);
    share.concurrency = 3;
    queue.releaseSlot(1);
    expect(takeAll(queue)).toHaveLength(3);
  });

  it("never leave nothing for a user who has nothing under way, while a slot is free", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("offer" as const), endpointId: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("end" as const), which: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const slots = 6;
        const owner = (endpointId: number): number => endpointId % 3;
        const { queue } = newQueue({ slots }, { userOf: owner, concurrency: 2 });
        const waiting = new Map<number, number>();
        const running: Queued[] = [];
        const runningOf = (userId: number): number =>
          running.filter(({ endpointId }) => owner(endpointId) === userId).length;
        for (const [id, next] of steps.entries()) {
          if (next.kind === "offer") {
            queue.offer(entry(id, next.endpointId));
            waiting.set(owner(next.endpointId), (waiting.get(owner(next.endpointId)) ?? 0) + 1);
          } else if (next.kind === "take" && running.length < slots) {
            const idle = [...waiting].some(([userId, count]) => count > 0 && runningOf(userId) === 0);
            const taken = queue.take();
            if (idle) expect(taken).not.toBeNull();
            if (taken === null) continue;
            const userId = owner(taken.endpointId);
            expect(runningOf(userId)).toBeLessThan(3 * (slots - running.length));
            waiting.set(userId, (waiting.get(userId) ?? 0) - 1);
            running.push(taken);
          } else if (next.kind === "end") {
            const [ended] = running.splice(next.which % Math.max(1, running.length), 1);
            if (ended !== undefined) queue.releaseSlot(ended.endpointId);
          }
        }
      }),
    );
  });
});

describe("running low", () => {
  it("is called once when little is left after an entry was refused", () => {
    const { queue, lows } = newQueue({ entries: 8 });
    for (let id = 0; id < 9; id++) queue.offer(entry(id, id));
    for (let left = 8; left > 2; left--) queue.take();
    expect(lows()).toBe(0);
    queue.take();
    expect(lows()).toBe(1);
    queue.take();
    expect(lows()).toBe(1);
  });

  it("is called when little is left of one endpoint's part, though the queue has much of others", () => {
    const { queue, lows } = newQueue({ entriesPerEndpoint: 4 }, { concurrency: 1 });
    for (let id = 0; id < 5; id++) queue.offer(entry(`own ${id}`, 1));
    for (let id = 0; id < 200; id++) queue.offer(entry(`other ${id}`, 2 + (id % 100)));
    // The others are slow: each holds its slot, and its second delivery waits.
    for (let next = queue.take(); next !== null; next = queue.take()) {
      if (next.endpointId === 1) queue.releaseSlot(1);
    }
    expect(lows()).toBe(1);
    expect(queue.size).toBe(100);
  });

  it("is not called when no entry was refused", () => {
    const { queue, lows } = newQueue({ entries: 8 });
    for (let id = 0; id < 8; id++) queue.offer(entry(id, id));
    drain(queue);
    expect(lows()).toBe(0);
  });

  it("is called in time to fill the queue again from within the call", () => {
    let refilled = false;
    const shareOf = (userId: number) => ({ userId, concurrency: 5 });
    const queue: FairQueue<Queued> = new FairQueue({ ...WIDE, entries: 4 }, shareOf, () => {
      if (!refilled) queue.offer(entry("late", 9));
      refilled = true;
    });
    for (let id = 0; id < 5; id++) queue.offer(entry(id, id));
    expect(drain(queue).map(({ deliveryId }) => deliveryId)).toEqual(["0", "1", "2", "3", "late"]);
  });
});
