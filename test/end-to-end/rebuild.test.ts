import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { Instances } from "./instances.ts";
import { expectRebuiltWhileServing, rebuiltOnAServer } from "./rebuilt-while-serving.ts";
import { until } from "../fixtures/until.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "0.5", RETRY_TICK_SECONDS: "0.5" };

describe("webhook-gateway rebuild", () => {
  it("has a running gateway make a projection again while it serves, with the same digest", async () => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const operatorKey = readFileSync(join(folder.path, "operator.key"), "utf8").trim();
    await expectRebuiltWhileServing(gateway, operatorKey, (args) => runCommand(args, folder.path));
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

rebuiltOnAServer("an EventStoreDB", () => Instances.start());
