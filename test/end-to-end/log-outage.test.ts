import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Load } from "../fixtures/load.ts";
import type { SendDispatch } from "../fixtures/load.ts";
import { respondWith, startReceiver } from "../fixtures/receiver.ts";
import { ApiClient } from "./api-client.ts";
import { Instances } from "./instances.ts";
import { expectPromisesKept } from "./promises-kept.ts";
import { until } from "./until.ts";

/** Longer than the lease of an attempt; OUTAGE_SECONDS=60 makes it what the operators' pages speak of. */
const OUTAGE_MS = Number(process.env["OUTAGE_SECONDS"] ?? 13) * 1_000;
/** Within this time a client is told that its payload was not taken. */
const ANSWER_MS = 5_000;
const CLIENTS = 8;

type Step = (instances: Instances) => Promise<void> | void;
const OUTAGES: readonly (readonly [string, Step, Step])[] = [
  ["is killed and started again", ({ log }) => log.kill9(), (instances) => instances.restartLog()],
  ["is frozen and wakes up", ({ log }) => log.freeze(), ({ log }) => log.thaw()],
];

describe.each(OUTAGES)("when the log's server %s under load", (_name, begin, end) => {
  it(
    "clients get 503 in time, nothing acknowledged is lost or doubled, and no restart is needed",
    { timeout: 2 * OUTAGE_MS + 120_000 },
    async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
      const instances = stack.use(await Instances.start());
      const gateway = await instances.gateway();
      const address = await gateway.ready;
      const user = await ApiClient.createUser(address);
      const load = new Load([await user.createEndpoint(receiver.url())], () => 500);
      const answeredIn: number[] = [];
      const send: SendDispatch = async (endpoint, payload) => {
        const sentAt = performance.now();
        const answer = await user.dispatch(endpoint, payload);
        answeredIn.push(performance.now() - sentAt);
        return answer;
      };
      let running = true;
      const underLoad = (async () => {
        while (running) await load.run(send, { clients: CLIENTS, limit: 200 });
      })();

      await receiver.received(200);
      await begin(instances);
      await until("a refusal", () => load.refused.length > 0);
      expect((await fetch(`${address}/livez`)).status).toBe(200);
      await until("the gateway to know", async () => (await fetch(`${address}/readyz`)).status === 503);
      await pause(OUTAGE_MS);
      const acknowledgedBefore = load.acknowledged.size;
      await end(instances);
      await until("dispatches to be taken again", () => load.acknowledged.size > acknowledgedBefore + 200, 60_000);
      running = false;
      await underLoad;
      await until("the gateway to be ready", async () => (await fetch(`${address}/readyz`)).status === 200);

      for (const { status, retryAfter } of load.refused)
        expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: "1" });
      expect(Math.max(...answeredIn)).toBeLessThan(ANSWER_MS);
      const outcome = await expectPromisesKept(load, user, receiver.requests, 60_000);
      console.log(
        `${JSON.stringify(outcome)}, ${load.refused.length} refused, slowest answer ${Math.round(Math.max(...answeredIn))} ms`,
      );
      expect(outcome.duplicates).toBe(0);
      expect(await gateway.terminate()).toBe(0);
    },
  );
});
