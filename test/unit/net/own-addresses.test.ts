import { describe, expect, it } from "vitest";
import { createOwnAddresses } from "../../../src/net/own-addresses.ts";
import { createManualClock } from "../../fixtures/manual-clock.ts";

describe("the addresses of this host", () => {
  it("are read from its interfaces, without zones", () => {
    const own = createOwnAddresses(createManualClock())();
    expect(own.has("127.0.0.1")).toBe(true);
    expect([...own].filter((address) => address.includes("%"))).toEqual([]);
  });

  it("are read again when they are 5 seconds old, whatever the wall clock is set to", () => {
    const clock = createManualClock();
    const own = createOwnAddresses(clock);
    const first = own();
    clock.advance(4999);
    for (const stepMs of [3_600_000, -7_200_000]) {
      clock.jump(stepMs);
      expect(own()).toBe(first);
    }
    clock.advance(1);
    expect(own()).not.toBe(first);
  });
});
