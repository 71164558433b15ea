import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { DRIPPING_HEADS, SlowLoris, drippingBodies } from "./slow-loris.ts";
import type { Drip } from "./slow-loris.ts";
import { until } from "../fixtures/until.ts";

const CONNECTIONS = 500;
/** So large that it has room only if a slow body gives way. */
const HONEST = `{"text":"${"x".repeat(250_000)}"}`;
/** So many are answered, one after the other, before the server closes the first of the slow ones. */
const [PINGS, DISPATCHES] = [50, 5];

/** And whether the server lets them be until their time is over: slow bodies give way to others, also of their own kind. */
const ATTACKS: readonly (readonly [string, (key: string) => Drip, boolean])[] = [
  ["heads", () => DRIPPING_HEADS, true],
  ["bodies", drippingBodies, false],
];

describe(`${CONNECTIONS} slow clients`, () => {
  // Both wait for the time that the server gives a request, so they wait together.
  it.concurrent.each(ATTACKS)(
    "that drip their %s keep nobody else waiting, and are closed in time",
    async (what, dripOf, stay) => {
      using folder = new TemporaryFolder();
      await using stack = new AsyncDisposableStack();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      await using gateway = await GatewayProcess.start(folder.path);
      const address = await gateway.ready;
      const api = await ApiClient.createUser(address);
      const endpoint = await api.createEndpoint(receiver.url());
      const attacker = (await (await api.post("/v1/users", '{"username":"attacker"}')).json()) as { api_key: string };
      const dispatched: number[] = [];
      const ping = async (): Promise<void> => {
        const reply = await fetch(`${address}/v1/ping`);
        expect(await reply.text()).toBe("pong");
      };
      const honest = async (): Promise<void> => {
        dispatched.push((await api.dispatch(endpoint, HONEST)).status);
      };
      const openFiles = (): number => readdirSync(`/proc/${gateway.pid}/fd`).length;

      const filesBefore = openFiles();
      {
        using loris = new SlowLoris(address, CONNECTIONS, dripOf(attacker.api_key));
        await until("all of them to be connected", () => loris.connected >= CONNECTIONS * 0.9);
        for (let n = 0; n < PINGS; n += 1) await ping();
        for (let n = 0; n < DISPATCHES; n += 1) await honest();
        // All of these were answered while every slow one was still there: none had to wait until one was closed.
        if (stay) expect(loris.count.closed).toBe(0);
        // The last ones go on beside the closing of the first connections and the coming of others in their place.
        await until(
          "the server to have closed the first connections",
          async () => {
            await ping();
            await honest();
            return loris.count.closed >= CONNECTIONS * 0.9;
          },
          90_000,
        );
        const { made, closed } = loris.count;
        console.log(`${CONNECTIONS} dripping ${what}: ${made} made, ${closed} closed, ${dispatched.length} dispatches`);
        // None is left half open: at the most those that are connected.
        expect(openFiles()).toBeLessThan(filesBefore + CONNECTIONS + 50);
      }
      expect(new Set(dispatched)).toEqual(new Set([202]));
      await until("the last of them to be gone", () => openFiles() < filesBefore + 20);
      await receiver.received(dispatched.length);
      expect(gateway.logged(({ level }) => level >= 50)).toEqual([]);
      expect(await gateway.terminate()).toBe(0);
    },
  );
});
