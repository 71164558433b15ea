import { expect, it } from "vitest";
import { StandstillWatch } from "../../../src/runtime/standstill.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

function watched() {
  const clock = new FakeClock();
  const ends: number[] = [];
  return { clock, ends, watch: new StandstillWatch(clock, (stoodMs) => void ends.push(stoodMs)) };
}

it("knows a standstill from its beginning to its end, before and after its own check", async () => {
  const { clock, ends, watch } = watched();
  await clock.advance(1_100);
  clock.pass(60_000);
  for (const check of [() => Promise.resolve(), () => clock.advance(100)]) {
    await check();
    expect([999, 1_000, 2_000, 61_100, 61_350, 61_351].map((moment) => watch.stoodAt(moment))).toEqual([
      ...[false, true, true, true, true, false],
    ]);
    expect([0, 61_100, 61_101].map((moment) => watch.stoodSince(moment))).toEqual([true, true, false]);
  }
  await clock.advance(1_000);
  expect(ends).toEqual([60_100]);
});

it("takes a turn of a second for no standstill", async () => {
  const { clock, ends, watch } = watched();
  clock.pass(1_250);
  await clock.advance(1_000);
  expect(watch.stoodSince(0)).toBe(false);
  expect(watch.stoodAt(500)).toBe(false);
  expect(ends).toEqual([]);
});

it("does not mind when the wall clock is set, and ends", async () => {
  const { clock, ends, watch } = watched();
  clock.jump(3_600_000);
  await clock.advance(500);
  expect(ends).toEqual([]);
  watch.close();
  expect(clock.timers).toBe(0);
});
