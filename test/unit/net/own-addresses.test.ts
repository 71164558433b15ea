import { describe, expect, it } from "vitest";
import { createOwnAddresses } from "../../../src/net/own-addresses.ts";
import { createManualClock } from "../../fixtures/manual-clock.ts";

describe("the addresses of this host", () => {
  it("are read from its interfaces, without zones", () => {
    const own = createOwnAddresses(createManualClock())();
    expect(own.has("127.0.0.1")).toBe(true);
    expect([...own].filter((address) => address.includes("%"))).toEqual([]);
  });

  it("are read again when they are 5 seconds old, or the clock was put back", () => {
    const clock = createManualClock();
    const own = createOwnAddresses(clock);
    const first = own();
    clock.advance(4999);
    expect(own()).toBe(first);
    clock.advance(1);
    const second = own();
    expect(second).not.toBe(first);
    clock.advance(-1);
    expect(own()).not.toBe(second);
  });
});
