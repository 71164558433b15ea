import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answersInTime } from "../../../../../src/processes/sending/targets/address-race.ts";
import type { FamilyAnswer } from "../../../../../src/processes/sending/targets/address-race.ts";
import { FakeClock } from "../../../../fixtures/fake-clock.ts";

const IPV4 = ["192.0.2.1"];
const IPV6 = ["2a00::1"];
const NONE = new Error("no such record");

/** When the answer to one query comes, and which; null never comes. */
type Query = readonly [atMs: number, answer: readonly string[] | Error] | null;

/** Runs the race for up to a second: when it ended, by the clock, and with which answers. */
async function race(
  queries: readonly Query[],
  hasRoute: (address: string) => boolean = () => true,
): Promise<{ endedAt: number | null; answers: (readonly string[] | Error)[] }> {
  const clock = new FakeClock();
  const coming = queries.map(
    (query) =>
      new Promise<readonly string[]>((resolve, reject) => {
        if (query === null) return;
        const [atMs, answer] = query;
        clock.schedule(atMs, () => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
  );
  let endedAt: number | null = null;
  let answers: FamilyAnswer[] = [];
  const options = { clock, hasRoute: (address: string) => Promise.resolve(hasRoute(address)) };
  const end = answersInTime(coming, options).then((inTime) => {
    endedAt = clock.monotonic();
    answers = inTime;
  });
  await clock.advance(1_000);
  if (endedAt !== null) await end;
  return {
    endedAt,
    answers: answers.map((answer) => (answer.status === "fulfilled" ? answer.value : (answer.reason as Error))),
  };
}

describe("the race of two families", () => {
  it.each<[what: string, queries: Query[], endedAt: number | null, answers: (readonly string[] | Error)[]]>([
    [
      "ends with the second answer",
      [
        [5, IPV4],
        [9, IPV6],
      ],
      9,
      [IPV4, IPV6],
    ],
    [
      "ends so in the other order too, IPv4 first",
      [
        [9, IPV4],
        [5, IPV6],
      ],
      9,
      [IPV4, IPV6],
    ],
    ["waits 50 ms for an IPv6 that never comes", [[5, IPV4], null], 55, [IPV4]],
    ["waits 50 ms for an IPv4 that never comes", [null, [5, IPV6]], 55, [IPV6]],
    [
      "takes what comes within those",
      [
        [5, IPV4],
        [54, IPV6],
      ],
      54,
      [IPV4, IPV6],
    ],
    [
      "leaves out what comes later",
      [
        [5, IPV4],
        [56, IPV6],
      ],
      55,
      [IPV4],
    ],
    [
      "ends at once when the other family has none",
      [
        [5, NONE],
        [9, IPV6],
      ],
      9,
      [NONE, IPV6],
    ],
    [
      "waits for addresses while it has none",
      [
        [5, NONE],
        [800, IPV6],
      ],
      800,
      [NONE, IPV6],
    ],
    [
      "ends with two failures",
      [
        [5, NONE],
        [9, NONE],
      ],
      9,
      [NONE, NONE],
    ],
    ["does not end while nothing came", [null, null], null, []],
    ["does not end while only a failure came", [[5, NONE], null], null, []],
  ])("%s", async (_what, queries, endedAt, answers) => {
    expect(await race(queries)).toEqual({ endedAt, answers });
  });

  it("waits on while the machine has no route to the addresses that it has", async () => {
    const noIpv6 = (address: string): boolean => !address.includes(":");
    expect(
      await race(
        [
          [300, IPV4],
          [5, IPV6],
        ],
        noIpv6,
      ),
    ).toEqual({ endedAt: 300, answers: [IPV4, IPV6] });
    expect(
      await race(
        [
          [5, IPV4],
          [300, IPV6],
        ],
        noIpv6,
      ),
    ).toEqual({ endedAt: 55, answers: [IPV4] });
    expect(
      await race(
        [
          [300, NONE],
          [5, IPV6],
        ],
        noIpv6,
      ),
    ).toEqual({ endedAt: 300, answers: [NONE, IPV6] });
  });

  it("never ends later than 50 ms after the first addresses, and leaves nothing out that came before", async () => {
    const query = fc.option(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.constantFrom(IPV4, IPV6, NONE)), { freq: 4 });
    await fc.assert(
      fc.asyncProperty(query, query, async (one, other) => {
        const { endedAt, answers } = await race([one, other]);
        const came = [one, other].filter((it) => it !== null);
        const firstAt = Math.min(...came.filter(([, answer]) => answer !== NONE).map(([atMs]) => atMs));
        const allAt = came.length === 2 ? Math.max(...came.map(([atMs]) => atMs)) : Infinity;
        const expected = Math.min(firstAt + 50, allAt);
        expect(endedAt).toBe(expected === Infinity ? null : expected);
        const early = came.filter(([atMs]) => endedAt !== null && atMs < endedAt).map(([, answer]) => answer);
        expect(answers).toEqual(expect.arrayContaining(early));
      }),
      { numRuns: 50 },
    );
  });
});
