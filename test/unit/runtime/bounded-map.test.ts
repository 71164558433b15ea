import { describe, expect, it } from "vitest";
import { boundedMap } from "../../../src/runtime/bounded-map.ts";

function filled(): ReturnType<typeof boundedMap<string, { n: number }>> {
  const map = boundedMap<string, { n: number }>(3);
  for (const [n, key] of ["a", "b", "c"].entries()) map.set(key, { n });
  return map;
}

describe("a bounded map", () => {
  it("forgets the entry whose last use is the longest ago", () => {
    const map = filled();
    map.get("a");
    map.set("b", { n: 7 });
    map.set("d", { n: 3 });
    expect([map.size, map.get("a")?.n, map.get("b")?.n, map.get("c"), map.get("d")?.n]).toEqual([
      3,
      0,
      7,
      undefined,
      3,
    ]);
  });

  it("does not take a peek for a use", () => {
    const map = filled();
    expect(map.peek("a")).toEqual({ n: 0 });
    map.set("d", { n: 3 });
    expect(map.peek("a")).toBeUndefined();
  });
});
