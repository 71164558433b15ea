import { readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "./api-client.ts";
import { DRIPPING_HEADS, SlowLoris, drippingBodies } from "./slow-loris.ts";
import type { Drip } from "./slow-loris.ts";
import { until } from "./until.ts";

const CONNECTIONS = 500;
/** `SLOW_LORIS_SECONDS=30` by hand. */
const SECONDS = Number(process.env["SLOW_LORIS_SECONDS"] ?? 12);
/** What a ping may take beside the attack, above what it takes without: for whatever else this machine does meanwhile. */
const MARGIN_MS = 100;
/** So large that it has room only if a slow body gives way. */
const HONEST = `{"text":"${"x".repeat(250_000)}"}`;

/** Asks again and again until `seconds` are over, and gives how long each answer took, in ms, in order of length. */
async function timed(seconds: number, ask: () => Promise<unknown>, everyMs: number): Promise<number[]> {
  const took: number[] = [];
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    const startedAt = performance.now();
    await ask();
    took.push(performance.now() - startedAt);
    await pause(everyMs);
  }
  return took.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
const told = (sorted: readonly number[]): string =>
  `p50 ${at(sorted, 0.5).toFixed(1)} ms, p99 ${at(sorted, 0.99).toFixed(1)} ms of ${sorted.length}`;

/** And after how many seconds the server has closed all of the first connections: its limit, a second's look, and time to do it. */
const ATTACKS: readonly (readonly [string, (key: string) => Drip, number])[] = [
  ["heads", () => DRIPPING_HEADS, 12],
  ["bodies", drippingBodies, 17],
];

describe(`${CONNECTIONS} slow clients`, () => {
  it.each(ATTACKS)(
    "that drip their %s keep nobody else waiting, and are closed in time",
    { timeout: (SECONDS + 60) * 1_000 },
    async (what, dripOf, closedAfter) => {
      using folder = new TemporaryFolder();
      await using stack = new AsyncDisposableStack();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      await using gateway = await GatewayProcess.start(folder.path);
      const address = await gateway.ready;
      const api = await ApiClient.createUser(address);
      const endpoint = await api.createEndpoint(receiver.url());
      const attacker = (await (await api.post("/v1/users", '{"username":"attacker"}')).json()) as { api_key: string };
      const ping = async (): Promise<void> => {
        const reply = await fetch(`${address}/v1/ping`);
        expect(await reply.text()).toBe("pong");
      };
      const openFiles = (): number => readdirSync(`/proc/${gateway.pid}/fd`).length;

      const before = await timed(3, ping, 10);
      const filesBefore = openFiles();
      let beside: readonly number[];
      const dispatched: number[] = [];
      {
        using loris = new SlowLoris(address, CONNECTIONS, dripOf(attacker.api_key));
        await until("all of them to be connected", () => loris.connected >= CONNECTIONS * 0.9);
        const honest = async (): Promise<void> => {
          dispatched.push((await api.dispatch(endpoint, HONEST)).status);
        };
        [beside] = await Promise.all([timed(SECONDS, ping, 10), timed(SECONDS, honest, 500)]);
        const { made, closed } = loris.count;
        console.log(
          `${CONNECTIONS} dripping ${what} for ${SECONDS} s: ping ${told(beside)}; before ${told(before)}; ` +
            `${made} connections made, ${closed} closed by the server; ${dispatched.length} dispatches beside them`,
        );
        if (SECONDS >= closedAfter) expect(closed).toBeGreaterThanOrEqual(CONNECTIONS * 0.9);
        // None is left half open: at the most those that are connected.
        expect(openFiles()).toBeLessThan(filesBefore + CONNECTIONS + 50);
      }
      expect(at(beside, 0.99)).toBeLessThan(at(before, 0.99) + MARGIN_MS);
      expect(new Set(dispatched)).toEqual(new Set([202]));
      await until("the last of them to be gone", () => openFiles() < filesBefore + 20);
      await receiver.received(dispatched.length);
      expect(gateway.logged(({ level }) => level >= 50)).toEqual([]);
      expect(await gateway.terminate()).toBe(0);
    },
  );
});
