import { describe, expect, it } from "vitest";
import { KeyedTurns, TooManyWaiting } from "../../../src/runtime/keyed-turns.ts";

describe("turns by key", () => {
  it("run the tasks of one key one after the other, and let other keys go on", async () => {
    const turns = new KeyedTurns(10);
    const steps: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const first = turns.take("a", async () => {
      await promise;
      steps.push("first of a");
    });
    const second = turns.take("a", async () => void steps.push("second of a"));
    await turns.take("b", async () => void steps.push("b"));
    resolve(undefined);
    await Promise.all([first, second]);
    expect(steps).toEqual(["b", "first of a", "second of a"]);
  });

  it("refuse a task beyond the limit of its key, without running it, and forget keys without tasks", async () => {
    const turns = new KeyedTurns(2);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const taken = [turns.take("a", () => promise), turns.take("a", () => Promise.reject(new Error("no")))];
    let ran = 0;
    const count = async (): Promise<number> => (ran += 1);
    await expect(turns.take("a", count)).rejects.toThrow(TooManyWaiting);
    await expect(turns.take("b", count)).resolves.toBe(1);
    expect(turns.size).toBe(1);
    resolve(undefined);
    expect((await Promise.allSettled(taken)).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(turns.take("a", count)).resolves.toBe(2);
    expect(turns.size).toBe(0);
  });
});
