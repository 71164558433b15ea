import { describe, expect, it } from "vitest";
import { Turns } from "../../../src/runtime/turns.ts";

describe("turns", () => {
  it("run one task after the other, in the order in which they came", async () => {
    const turns = new Turns();
    const steps: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const first = turns.take(async () => {
      steps.push("first begins");
      await promise;
      steps.push("first ends");
      return 1;
    });
    const second = turns.take(async () => {
      steps.push("second begins");
      return 2;
    });
    resolve(undefined);
    expect(await Promise.all([second, first])).toEqual([2, 1]);
    expect(steps).toEqual(["first begins", "first ends", "second begins"]);
  });

  it("reject for the caller of a task that fails, and go on with the next", async () => {
    const turns = new Turns();
    const failed = turns.take(() => Promise.reject(new Error("no")));
    const next = turns.take(() => Promise.resolve("yes"));
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });

  it("are idle when all that was given has ended, whether it failed or not", async () => {
    const turns = new Turns();
    let ended = 0;
    void turns.take(async () => void (ended += 1));
    turns
      .take(() => Promise.reject(new Error("no")))
      .catch(() => {
        ended += 1;
      });
    await turns.idle();
    expect(ended).toBe(2);
    await turns.idle();
  });
});
