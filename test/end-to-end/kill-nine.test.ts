import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load, seededRandom } from "../fixtures/gateway/load.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { expectPromisesKept } from "./promises-kept.ts";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 5);
/** In CI every run kills at the same moments; elsewhere each at others, which it prints. */
const SEED = Number(process.env["KILL_SEED"] ?? (process.env["CI"] === undefined ? Date.now() : 20_260_301));
/** A short lease, so that the attempts that a kill cut off are soon known to be unknown. */
const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.1", RETRY_TICK_SECONDS: "0.5" };
const DEADLINE_MS = 60_000;

it(
  `keeps every promise over ${ROUNDS} rounds of kill -9 under load`,
  { timeout: 2 * DEADLINE_MS + ROUNDS * 5_000 },
  async () => {
    const random = seededRandom(SEED);
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    const first = await GatewayProcess.start(folder.path, ENV);
    const user = await ApiClient.createUser(await first.ready);
    const endpoints = [await user.createEndpoint(receiver.url("/a")), await user.createEndpoint(receiver.url("/b"))];
    const load = new Load(endpoints, () => Math.floor(random() * 2_000));
    await first.kill9();

    const moments: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await using gateway = GatewayProcess.spawn(folder.path, ENV);
      // The moment of the kill: in one round of four anywhere in the start, otherwise while it takes and delivers.
      if (random() < 0.25) {
        const moment = Math.floor(random() * 600);
        moments.push(`start+${moment}`);
        await pause(moment);
        continue;
      }
      const api = user.at(await gateway.ready);
      const moment = Math.floor(random() * 1_500);
      moments.push(`load+${moment}`);
      const underLoad = load.run((endpoint, payload) => api.dispatch(endpoint, payload), { clients: 8, limit: 400 });
      await pause(moment);
      await gateway.kill9();
      await underLoad;
    }

    await using last = await GatewayProcess.start(folder.path, ENV);
    const outcome = await expectPromisesKept(load, user.at(await last.ready), receiver.requests, DEADLINE_MS);
    console.log(`KILL_SEED=${SEED}, killed at (ms) ${moments.join(" ")}: ${JSON.stringify(outcome)}`);
    expect(outcome.duplicates).toBeLessThanOrEqual(outcome.unknown);
    expect(await last.terminate()).toBe(0);
  },
);
