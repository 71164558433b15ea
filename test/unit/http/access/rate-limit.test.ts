import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RateLimit } from "../../../../src/http/access/rate-limit.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

describe("a rate limit", () => {
  it("allows a number of requests per window, says when the next begins, and counts each key by itself", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(3, 1_000, clock);
    expect([limit.take("a"), limit.take("a"), limit.take("a")]).toEqual([0, 0, 0]);
    await clock.advance(400);
    expect(limit.take("a")).toBe(600);
    expect(limit.take("b")).toBe(0);
    await clock.advance(599);
    expect(limit.take("a")).toBe(1);
    await clock.advance(1);
    expect(limit.take("a")).toBe(0);
  });

  it("counts nothing that was refused, and gives back what was not meant", () => {
    const limit = new RateLimit<string>(1, 1_000, new FakeClock());
    expect(limit.take("a")).toBe(0);
    expect(limit.take("a")).toBe(1_000);
    limit.giveBack("a");
    expect(limit.take("a")).toBe(0);
    limit.giveBack("a");
    limit.giveBack("a");
    limit.giveBack("unknown");
    expect([limit.take("a"), limit.take("a")]).toEqual([0, 1_000]);
  });

  it.each([-3_600_000, 3_600_000])("keeps a window for its time when the wall clock is set by %i ms", (stepMs) => {
    const clock = new FakeClock();
    const limit = new RateLimit<string>(1, 1_000, clock);
    limit.take("a");
    clock.jump(stepMs);
    clock.pass(400);
    expect(limit.take("a")).toBe(600);
    clock.pass(600);
    expect(limit.take("a")).toBe(0);
  });

  it("remembers a bounded number of keys, and forgets those whose window began first", async () => {
    const clock = new FakeClock();
    const limit = new RateLimit<number>(1, 60_000, clock, 1_000);
    for (let key = 0; key < 5_000; key++) expect(limit.take(key)).toBe(0);
    expect(limit.size).toBe(1_000);
    expect(limit.take(4_999)).toBe(60_000);
    expect(limit.take(4_000)).toBe(60_000);
    expect(limit.take(3_999)).toBe(0);
    await clock.advance(60_000);
    expect(limit.take(4_999)).toBe(0);
    expect(limit.size).toBe(1_000);
  });

  it("keeps a window no longer because its key is asked for again", () => {
    const limit = new RateLimit<number>(2, 60_000, new FakeClock(), 3);
    for (const key of [1, 2, 3]) limit.take(key);
    limit.take(1);
    expect(limit.take(1)).toBe(60_000);
    limit.take(4);
    limit.take(2);
    expect([limit.take(2), limit.take(1)]).toEqual([60_000, 0]);
  });

  it("never gives more than its limit in a window of any key, whatever comes when", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b"), after: fc.integer({ min: 0, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), fc.integer({ min: 1, max: 5 }), async (steps, most) => {
        const clock = new FakeClock();
        const limit = new RateLimit<string>(most, 100, clock);
        const taken = new Map<string, number[]>();
        for (const { key, after } of steps) {
          clock.pass(after);
          const times = taken.get(key) ?? [];
          const wait = limit.take(key);
          if (wait === 0) taken.set(key, [...times, clock.now()]);
          // It is refused only when as many were given within a window's length.
          else expect(times.filter((time) => time > clock.now() - 100).length).toBeGreaterThanOrEqual(most);
          expect(wait).toBeLessThanOrEqual(100);
        }
        for (const times of taken.values()) {
          // Two windows may touch: no more than twice as many at the border.
          for (const time of times)
            expect(times.filter((at) => at >= time && at < time + 100).length).toBeLessThanOrEqual(2 * most);
        }
      }),
    );
  });
});
