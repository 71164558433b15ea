import { expect, it } from "vitest";
import { DoublingWait } from "../../../src/runtime/doubling-wait.ts";

it("doubles up to the longest wait and begins again after a reset", () => {
  const waits = new DoublingWait(100, 500);
  expect([waits.next(), waits.next(), waits.next(), waits.next(), waits.next()]).toEqual([100, 200, 400, 500, 500]);
  waits.reset();
  expect([waits.next(), waits.next()]).toEqual([100, 200]);
});
