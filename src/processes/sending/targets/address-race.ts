import type { Clock } from "../../../runtime/clock.ts";
import { pause } from "../../../runtime/clock.ts";

/** How long the addresses of one family wait for those of the other, in ms (RFC 8305 section 3). */
export const RESOLUTION_DELAY_MS = 50;

/** The answer to the query for one family: its addresses, or why there are none. */
export type FamilyAnswer = PromiseSettledResult<readonly string[]>;

export interface AddressRaceOptions {
  readonly clock: Clock;
  /** Whether this machine has a route to an address. */
  readonly hasRoute: (address: string) => Promise<boolean>;
}

/**
 * The answers to the queries of one name, one query a family, that come in time: all of them, or those that came up to
 * 50 ms after the first with addresses. A name server that never answers for one family costs no more than that.
 * Addresses without a route from here (IPv6, in many containers) do not end the wait, because the other family may be
 * the only way to the receiver. In the order of the queries; never rejects.
 */
export async function answersInTime(
  queries: readonly Promise<readonly string[]>[],
  { clock, hasRoute }: AddressRaceOptions,
): Promise<FamilyAnswer[]> {
  const inTime = new Map<number, FamilyAnswer>();
  const over = new AbortController();
  const answers = queries.map(async (query, index) => {
    const [answer] = await Promise.allSettled([query]);
    inTime.set(index, answer);
    return answer;
  });
  /** Each resolves when its answer alone is enough, and rejects if it never will be. */
  const enough = answers.map(async (coming) => {
    const answer = await coming;
    const [address] = answer.status === "fulfilled" ? answer.value : [];
    if (address === undefined) throw new Error("no address");
    await pause(clock, RESOLUTION_DELAY_MS, over.signal);
    if (!over.signal.aborted && !(await hasRoute(address))) throw new Error("no route");
  });
  await Promise.any([Promise.all(answers), ...enough]);
  over.abort();
  return [...inTime].sort(([one], [other]) => one - other).map(([, answer]) => answer);
}
