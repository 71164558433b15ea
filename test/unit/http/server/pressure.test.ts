import { describe, expect, it } from "vitest";
import { Pressure } from "../../../../src/http/server/pressure.ts";

const WELL = { lateMs: 3, heapShare: 0.4 };

describe("the pressure on the process", () => {
  it("is null while the process is well", () => {
    const pressure = new Pressure();
    for (let look = 0; look < 10; look++) expect(pressure.judge(WELL)).toBeNull();
  });

  it("is too high as soon as the memory is nearly full, and until it is not", () => {
    const pressure = new Pressure();
    expect(pressure.judge({ ...WELL, heapShare: 0.89 })).toBeNull();
    expect(pressure.judge({ ...WELL, heapShare: 0.9 })).toBe("its memory is nearly full");
    expect(pressure.judge(WELL)).toBeNull();
  });

  it("is too high when two turns of the event loop in a row are long, and not after one pause", () => {
    const pressure = new Pressure();
    const slow = { ...WELL, lateMs: 2_000 };
    expect([slow, WELL, slow, WELL].map((load) => pressure.judge(load))).toEqual([null, null, null, null]);
    expect([{ ...WELL, lateMs: 60_000 }, WELL].map((load) => pressure.judge(load))).toEqual([null, null]);
    const stuck = "its event loop is stuck";
    expect([slow, slow, slow, WELL].map((load) => pressure.judge(load))).toEqual([null, stuck, stuck, null]);
  });
});
