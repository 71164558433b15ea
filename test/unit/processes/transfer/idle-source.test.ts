import { describe, expect, it } from "vitest";
import { whenIdle } from "../../../../src/processes/transfer/idle-source.ts";
import { FakeClock } from "../../../fixtures/fake-clock.ts";

/** A source whose pieces come when the test gives them. */
function byHand(): { source: AsyncIterable<string>; give: (piece: string | null) => void } {
  const asked: PromiseWithResolvers<string | null>[] = [];
  const at = (index: number): PromiseWithResolvers<string | null> => (asked[index] ??= Promise.withResolvers());
  let taken = 0;
  let given = 0;
  async function* pieces(): AsyncGenerator<string> {
    for (let piece = await at(taken++).promise; piece !== null; piece = await at(taken++).promise) yield piece;
  }
  return { source: pieces(), give: (piece) => at(given++).resolve(piece) };
}

describe("a source that may be idle", () => {
  it("calls once for each piece that is long in coming, before it passes that piece on", async () => {
    const clock = new FakeClock();
    const { source, give } = byHand();
    const seen: string[] = [];
    const ended = (async () => {
      for await (const piece of whenIdle(source, clock, async () => void seen.push("idle"))) seen.push(piece);
    })();
    give("a");
    await clock.advance(0);
    expect(seen).toEqual(["a"]);
    await clock.advance(49);
    expect(seen).toEqual(["a"]);
    await clock.advance(1_000);
    expect(seen).toEqual(["a", "idle"]);
    give("b");
    give("c");
    give(null);
    await clock.advance(0);
    await ended;
    expect(seen).toEqual(["a", "idle", "b", "c"]);
    expect(clock.timers).toBe(0);
  });

  it("throws what the call throws, though the source never gives another piece", async () => {
    const clock = new FakeClock();
    const refused = new Error("refused");
    const pieces = whenIdle(byHand().source, clock, () => Promise.reject(refused));
    const next = pieces.next().catch((error: unknown) => error);
    await clock.advance(50);
    expect(await next).toBe(refused);
  });
});
