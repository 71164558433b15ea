import { Resolver } from "node:dns/promises";
import { open } from "node:fs/promises";
import { devNull } from "node:os";
import type { Clock } from "../../../runtime/clock.ts";

/** Finds the addresses of a receiver's name. */
export interface NameResolver {
  /**
   * All IPv4 and IPv6 addresses of a name, at least one, the IPv4 ones first. The signal ends it at once.
   *
   * @throws Error with c-ares's code (`ENOTFOUND`, `ESERVFAIL`, `ETIMEOUT`, …) when there are none, or nobody said so in
   *   time; with the system's (`EMFILE`, …) when the process could not even ask
   */
  resolve(name: string, signal: AbortSignal): Promise<string[]>;
}

export interface NameResolverOptions {
  /** `127.0.0.1:5353`; none: those that the system is set to, read again for each look-up. */
  readonly servers: readonly string[];
  /** How long a look-up may take, in ms. */
  readonly limitMs: number;
  readonly clock: Clock;
}

/** How long a look-up takes at the most, in ms. */
const LONGEST_LOOK_UP_MS = 2_000;

/** How long a look-up may take as a part of an attempt of `timeoutMs`: less, so that its outcome says what was silent. */
export function lookUpLimitMs(timeoutMs: number): number {
  return Math.min(LONGEST_LOOK_UP_MS, timeoutMs * 0.9);
}

/** After how long without an answer a question is sent again, to the next server if there is one: packets get lost. */
const ASKED_AGAIN_AFTER_MS = 700;
const TRIES = 2;

/**
 * Asks name servers by c-ares, for an A and an AAAA record at a time. Not by `dns.lookup`: that holds one of the few threads
 * of the pool, and cannot be ended, so that one silent name server would stop all deliveries. It reads no hosts file and
 * remembers nothing: what a name resolves to is judged each time that a connection is made.
 */
export class CaresResolver implements NameResolver {
  readonly #options: NameResolverOptions;

  constructor(options: NameResolverOptions) {
    this.#options = options;
  }

  async resolve(name: string, signal: AbortSignal): Promise<string[]> {
    const { servers, limitMs, clock } = this.#options;
    // One for each look-up, since only all look-ups of one can be ended.
    const resolver = new Resolver({ timeout: ASKED_AGAIN_AFTER_MS, tries: TRIES });
    if (servers.length > 0) resolver.setServers(servers);
    const end = (): void => resolver.cancel();
    const cancelTimer = clock.schedule(limitMs, end);
    signal.addEventListener("abort", end);
    try {
      const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
      if (addresses.length > 0) return addresses;
      throw await reasonOf(
        answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : [])),
      );
    } finally {
      cancelTimer();
      signal.removeEventListener("abort", end);
    }
  }
}

/** Why there is no address: what went wrong comes before a name that merely has none of one kind. */
async function reasonOf(reasons: readonly unknown[]): Promise<unknown> {
  const codes = reasons.map((reason) => (reason as NodeJS.ErrnoException).code);
  // What c-ares says of a server that refuses, and of a socket that it could not open.
  if (codes.includes("ECONNREFUSED")) await expectFileHandle();
  if (codes.includes("ECANCELLED")) return Object.assign(new Error("no name server answered"), { code: "ETIMEOUT" });
  const telling = reasons.find((_reason, index) => codes[index] !== "ENODATA") ?? reasons[0];
  return telling ?? Object.assign(new Error("the name has no address"), { code: "ENODATA" });
}

/** @throws the system's error when the process can open nothing now */
async function expectFileHandle(): Promise<void> {
  const handle = await open(devNull);
  await handle.close();
}
