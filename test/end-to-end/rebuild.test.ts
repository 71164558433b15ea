import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receiver.ts";
import { ApiClient } from "./api-client.ts";
import { runCommand } from "../fixtures/command-process.ts";
import { until } from "./until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.5", RETRY_TICK_SECONDS: "0.5" };

/** The digest of a projection, as the operator's API gives it. */
async function digestOf(address: string, folder: string, name: string): Promise<string> {
  const key = readFileSync(join(folder, "operator.key"), "utf8").trim();
  const reply = await fetch(`${address}/v1/admin/projections/${name}`, { headers: { "x-api-key": key } });
  const { digest } = (await reply.json()) as { digest: { sha256: string; exact: boolean } };
  expect(digest.exact).toBe(true);
  return digest.sha256;
}

describe("webhook-gateway rebuild", () => {
  it("has a running gateway make a projection again while it serves, with the same digest", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const address = await gateway.ready;
    const user = await ApiClient.createUser(address);
    const endpoint = await user.createEndpoint(receiver.url());
    for (let n = 0; n < 50; n++) await user.dispatch(endpoint, `{"n":${n}}`);
    await user.untilAllFinal();
    const before = await digestOf(address, folder.path, "deliveries");
    const shown = await user.text("/v1/deliveries?limit=100");

    let reading = true;
    const reads = (async () => {
      while (reading) {
        const reply = await user.list(100);
        expect({ status: reply.status, body: await reply.text() }).toEqual({ status: 200, body: shown });
      }
    })();
    const rebuilt = await runCommand(["rebuild", "--all", "--url", address], folder.path);
    reading = false;
    await reads;
    expect(rebuilt).toMatchObject({ exitCode: 0 });
    expect(rebuilt.stderr).toContain("rebuilt deliveries; the old one was the same\n");
    expect(await digestOf(address, folder.path, "deliveries")).toBe(before);
    expect((await user.dispatch(endpoint, '{"n":"after"}')).status).toBe(202);
    await user.untilAllFinal();
    expect(await gateway.terminate()).toBe(0);
  });

  it("does it by itself where no gateway runs, and the next start serves what it made", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const user = await ApiClient.createUser(await gateway.ready);
    const endpoint = await user.createEndpoint(receiver.url());
    for (let n = 0; n < 20; n++) await user.dispatch(endpoint, `{"n":${n}}`);
    await user.untilAllFinal();
    const shown = await user.text("/v1/deliveries?limit=100");
    await gateway.kill9();

    const rebuilt = await runCommand(["rebuild", "deliveries"], folder.path);
    expect(rebuilt).toMatchObject({ exitCode: 0, stderr: "rebuilt deliveries; the old one was the same\n" });
    await using next = await GatewayProcess.start(folder.path, ENV);
    const later = user.at(await next.ready);
    await until("the same list", async () => (await later.text("/v1/deliveries?limit=100")) === shown);
  });

  it.each([
    [["rebuild"], 2, "webhook-gateway: rebuild: name one projection, or --all\n"],
    [["rebuild", "nothing"], 2, /^webhook-gateway: rebuild: there is no projection nothing; there are users, .*\n$/],
    [
      ["rebuild", "users", "--url", "http://127.0.0.1:1"],
      1,
      "webhook-gateway cannot rebuild: no gateway answers at http://127.0.0.1:1\n",
    ],
  ] as const)("refuses %j in one line", async (line, exitCode, text) => {
    using folder = new TemporaryFolder();
    const refused = await runCommand(line, folder.path);
    expect(refused.exitCode).toBe(exitCode);
    if (typeof text === "string") expect(refused.stderr).toBe(text);
    else expect(refused.stderr).toMatch(text);
  });
});
