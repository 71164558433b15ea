import { Resolver } from "node:dns/promises";
import { open } from "node:fs/promises";
import { devNull } from "node:os";
import { hasRoute } from "../../../net/routes.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { answersInTime } from "./address-race.ts";

/** Resolves the name of a receiver. */
export interface NameResolver {
  /**
   * The IPv4 and IPv6 addresses of a name, at least one, IPv4 first: those that come in time, when one family is late.
   * The signal ends it at once.
   *
   * @throws Error with c-ares's code (`ENOTFOUND`, `ESERVFAIL`, `ETIMEOUT`, …) when there are none, or no server
   *   answered in time; with the system's code (`EMFILE`, …) when the process could not send the query
   */
  resolve(name: string, signal: AbortSignal): Promise<string[]>;
}

export interface NameResolverOptions {
  /** Such as `127.0.0.1:5353`; empty: the system's servers, read again for each lookup. */
  readonly servers: readonly string[];
  /** How long a lookup may take, in ms. */
  readonly limitMs: number;
  readonly clock: Clock;
}

/** The longest lookup, in ms. */
const LONGEST_LOOK_UP_MS = 2_000;

/**
 * How long a lookup may take in an attempt of `timeoutMs`: less than that, so that the outcome shows what was silent.
 */
export function lookUpLimitMs(timeoutMs: number): number {
  return Math.min(LONGEST_LOOK_UP_MS, timeoutMs * 0.9);
}

/** When a query without an answer is sent again, to the next server if there is one: packets get lost. In ms. */
const ASKED_AGAIN_AFTER_MS = 700;
const TRIES = 2;

/**
 * Queries name servers with c-ares, for A and AAAA records at once, and goes on with one of both when the other does not
 * come. It does not use `dns.lookup`, which holds one of the few pool threads and cannot be cancelled, so one silent name
 * server would stop all deliveries. It reads no hosts file and caches nothing: a name's addresses are judged each time a
 * connection is made.
 */
export class CaresResolver implements NameResolver {
  readonly #options: NameResolverOptions;

  constructor(options: NameResolverOptions) {
    this.#options = options;
  }

  async resolve(name: string, signal: AbortSignal): Promise<string[]> {
    const { servers, limitMs, clock } = this.#options;
    // One per lookup, because cancelling ends all lookups of a resolver.
    const resolver = new Resolver({ timeout: ASKED_AGAIN_AFTER_MS, tries: TRIES });
    if (servers.length > 0) resolver.setServers(servers);
    const end = (): void => resolver.cancel();
    const cancelTimer = clock.schedule(limitMs, end);
    signal.addEventListener("abort", end);
    try {
      const queries = [resolver.resolve4(name), resolver.resolve6(name)];
      const answers = await answersInTime(queries, { clock, hasRoute });
      const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      if (addresses.length > 0) return addresses;
      throw await reasonOf(
        answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : [])),
      );
    } finally {
      cancelTimer();
      signal.removeEventListener("abort", end);
      // An answer that is late would keep its socket open.
      resolver.cancel();
    }
  }
}

/** The reason why there is no address. A failure comes before a name that only lacks one kind of record. */
async function reasonOf(reasons: readonly unknown[]): Promise<unknown> {
  const codes = reasons.map((reason) => (reason as NodeJS.ErrnoException).code);
  // c-ares reports this for a server that refuses, and for a socket that it could not open.
  if (codes.includes("ECONNREFUSED")) await expectFileHandle();
  if (codes.includes("ECANCELLED")) return Object.assign(new Error("no name server answered"), { code: "ETIMEOUT" });
  const telling = reasons.find((_reason, index) => codes[index] !== "ENODATA") ?? reasons[0];
  return telling ?? Object.assign(new Error("the name has no address"), { code: "ENODATA" });
}

/** @throws the system's error when the process cannot open files now */
async function expectFileHandle(): Promise<void> {
  const handle = await open(devNull);
  await handle.close();
}
