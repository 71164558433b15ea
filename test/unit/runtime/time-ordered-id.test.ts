import { describe, expect, it } from "vitest";
import { timeOrderedId } from "../../../src/runtime/time-ordered-id.ts";

describe("a time-ordered id", () => {
  it("is a UUID version 7 that never comes twice, over several refills of the pool", () => {
    const ids = Array.from({ length: 2_000 }, timeOrderedId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
