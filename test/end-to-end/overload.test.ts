import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { Load } from "../fixtures/gateway/load.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { expectPromisesKept } from "./promises-kept.ts";
import { until } from "../fixtures/until.ts";

/** Connections that come at once. */
const BURST = 3_000;
/** 400 of 200 KB are more than the 64 MiB that may wait for the log. */
const LARGE = { count: 400, bytes: 200_000 };
/** How many of the large ones have no room while the log takes nothing, at the least. */
const WITHOUT_ROOM = LARGE.count - Math.ceil((64 * 1_048_576 + 4 * 1_048_576) / LARGE.bytes);

it("answers 202 or 503 to more than it can take, in bounded memory, and keeps every 202", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path);
  const api = await ApiClient.createUser(await gateway.ready);
  const endpoints: number[] = [];
  for (let n = 0; n < 20; n += 1) endpoints.push(await api.createEndpoint(receiver.url(`/${n}`)));
  const send = (endpoint: number, payload: string) => api.dispatch(endpoint, payload);
  const idleMiB = gateway.peakResidentMiB();

  let filler = 100;
  const load = new Load(endpoints, () => filler);
  await load.run(send, { clients: BURST, limit: BURST });
  expect(load.acknowledged.size + load.refused.length).toBe(BURST);
  const ofBurst = load.acknowledged.size;

  // Somebody holds the log, as a slow disk would: what comes now has to wait, and soon there is no more room for it.
  filler = LARGE.bytes;
  // It waits for its turn, since the gateway is still busy with what was accepted.
  const file = join(folder.path, "events.sqlite");
  const log = stack.adopt(new DatabaseSync(file, { timeout: 10_000 }), (it) => it.close());
  log.exec("BEGIN IMMEDIATE");
  const underLoad = load.run(send, { clients: LARGE.count, limit: LARGE.count });
  // What is held in memory is bounded, however many come: the rest is refused while the log is held.
  await until("the refusals", () => load.refused.length >= WITHOUT_ROOM);
  log.exec("ROLLBACK");
  await underLoad;
  const taken = load.acknowledged.size - ofBurst;
  const peakMiB = gateway.peakResidentMiB();
  console.log(
    `of ${BURST} at once ${ofBurst} taken, of ${LARGE.count} large ones ${taken}; ` +
      `resident ${idleMiB.toFixed()} MiB before, ${peakMiB.toFixed()} MiB at the peak`,
  );

  expect(load.acknowledged.size + load.refused.length).toBe(BURST + LARGE.count);
  // Of those that had room, a slow machine may keep some waiting for so long that they are refused too.
  expect(ofBurst).toBeGreaterThan(0);
  for (const answer of load.refused) expect(answer).toEqual({ ...answer, status: 503, retryAfter: "1" });
  await expectPromisesKept(load, api, receiver.requests, 60_000);
  expect((await api.dispatch(endpoints[0]!, '{"n":"after"}')).status).toBe(202);
});
