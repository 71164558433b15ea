import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { PROJECTIONS } from "../../src/projections/read-models.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

/** Whether every read model has come to the log's end, as the operator sees it. */
async function nothingIsBehind(address: string, folder: string): Promise<boolean> {
  const key = readFileSync(join(folder, "operator.key"), "utf8").trim();
  const text = await new ApiClient(address, key).text("/v1/admin/projections");
  const { data } = JSON.parse(text) as { data: readonly { position: string; head: string }[] };
  return data.every(({ position, head }) => position === head);
}

/** What a file of the data folder answers to a query, row by row. */
function rowsOf(folder: string, file: string, query: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(folder, file), { readOnly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}

it("after an orderly stop all checkpoints are at the log's end, and who is ready answers reads", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path);
  const address = await gateway.ready;
  const user = await ApiClient.createUser(address);
  const endpoint = await user.createEndpoint(receiver.url());
  for (let n = 0; n < 20; n += 1) await user.dispatch(endpoint, `{"n":${n}}`);
  await user.untilAllFinal();
  await until("the read models to be up to date", () => nothingIsBehind(address, folder.path));
  expect(await gateway.terminate()).toBe(0);

  const [head] = rowsOf(folder.path, "events.sqlite", "SELECT max(position) AS position, id FROM events");
  const checkpoints = rowsOf(folder.path, "read-models.sqlite", "SELECT * FROM checkpoints");
  expect(checkpoints).toHaveLength(PROJECTIONS.length);
  for (const { position, searched_to, event_id } of checkpoints) {
    expect([Number(position), Number(searched_to), event_id]).toEqual([
      head?.["position"],
      head?.["position"],
      head?.["id"],
    ]);
  }

  await using next = await GatewayProcess.start(folder.path);
  const again = await next.ready;
  await until("readiness", async () => (await fetch(`${again}/readyz`)).status === 200);
  expect((await user.at(again).list()).status).toBe(200);
});
