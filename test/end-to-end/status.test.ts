import { describe, expect, it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { runCommand, startCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { columnsOf, obeyedByTerminals } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";

const ENV = { RETRY_TICK_SECONDS: "1" };

/** Where the command finds a gateway that chose its port itself. */
function at(address: string): Readonly<Record<string, string>> {
  const { hostname, port } = new URL(address);
  return { HOST: hostname, PORT: port };
}

describe("webhook-gateway status", () => {
  it("shows how the running gateway is, found by HOST, PORT and the operator's key", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    // It never answers, so the sixth delivery waits for one of its endpoint's five slots.
    const receiver = stack.adopt(await startReceiver(() => undefined), (it) => it.close());
    // However long the command takes to start on a busy machine, the five are still under way.
    await using gateway = await GatewayProcess.start(folder.path, { ...ENV, DELIVERY_TIMEOUT_MS: "600000" });
    const address = await gateway.ready;
    const user = await ApiClient.createUser(address);
    const endpoint = await user.createEndpoint(receiver.url());
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) ids.push((await user.dispatch(endpoint, `{"n":${n}}`)).deliveryId);
    let shown = "";
    await until("the sixth to wait for a slot", async () => {
      const { exitCode, stdout, stderr } = await runCommand(["status"], folder.path, { env: at(address) });
      expect([exitCode, stderr]).toEqual([0, ""]);
      shown = stdout;
      return /under way here +5 /.test(stdout) && stdout.includes(ids[5]!);
    });
    expect(obeyedByTerminals(shown)).toEqual([]);
    for (const line of shown.split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(80);
    expect(shown).toMatch(/^webhook-gateway \S+ \(\w+\)\n\S+Z at http:\/\/127\.0\.0\.1:\d+, up for \d+ s\n\n/);
    expect(shown).toContain(`\nOldest due   ${ids[5]}\n             due for `);
    expect(shown).toMatch(/\n {13}user 1, endpoint 1, 0 attempts so far\n/);
    const json = await runCommand(["status", "--json", "--url", address], folder.path);
    expect(JSON.parse(json.stdout)).toMatchObject({ oldest_due: { id: ids[5], waiting_for: "slot" } });
  });

  it("looks again every two seconds with --watch, in plain blocks without a terminal, until Ctrl-C", async () => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const env = at(await gateway.ready);
    const watching = startCommand(["status", "--watch"], folder.path, { env });
    let text = "";
    watching.child.stdout?.on("data", (more: string) => (text += more));
    const blocks = (): string[] => text.split(/^(?=webhook-gateway )/m);
    await until("three blocks", async () => blocks().length >= 3);
    expect(obeyedByTerminals(text)).toEqual([]);
    const times = blocks().map((block) => Date.parse(/\n(\S+Z) at /.exec(block)?.[1] ?? ""));
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1_900);
    await gateway.kill9();
    await until("it to say that the gateway has gone", async () => text.includes("no gateway answers at"));
    watching.child.kill("SIGINT");
    expect(await watching.ended).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.each([[], ["--watch"], ["--json"]])(
    "ends with 1 and one line where there is no gateway: status %s",
    async (...more) => {
      using folder = new TemporaryFolder();
      const { exitCode, stdout, stderr } = await runCommand(["status", ...more], folder.path, { env: { PORT: "1" } });
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: "webhook-gateway cannot show the status: no gateway answers at http://127.0.0.1:1\n",
      });
    },
  );

  it.each(["status", "rebuild users"])("says that what answers is no gateway: %s", async (command) => {
    using folder = new TemporaryFolder();
    for (const body of ["<html>", "null", "[]", "{}"]) {
      await using stack = new AsyncDisposableStack();
      const other = stack.adopt(await startReceiver(respondWith(200, body)), (it) => it.close());
      // Of a rebuild an empty object will do for its first answer, and not for the second.
      const refused = await runCommand([...command.split(" "), "--url", other.url()], folder.path);
      expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
      expect(refused.stderr).toMatch(
        /^webhook-gateway cannot [^:]+: what answers at http:\S+ is no gateway of this version; name the gateway's own address\n$/,
      );
    }
  });

  it("never shows a password that was typed into --url", async () => {
    for (const command of [["status"], ["rebuild", "users"]]) {
      expect(await runCommand([...command, "--url", "http://user:s3cret@127.0.0.1:1"], "/nowhere")).toEqual({
        exitCode: 2,
        stdout: "",
        stderr:
          `webhook-gateway: ${command[0]}: --url must have no user and no password in it; ` +
          "the operator's key is all that is sent\n",
      });
    }
  });

  it("ends with 1 and what the gateway says for another key, or none", async () => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const address = await gateway.ready;
    const body = JSON.stringify({ username: "alice" });
    const headers = { "content-type": "application/json" };
    const made = await fetch(`${address}/v1/users`, { method: "POST", headers, body });
    const env = { ...at(address), OPERATOR_API_KEY: ((await made.json()) as { api_key: string }).api_key };
    const { exitCode, stderr } = await runCommand(["status"], folder.path, { env });
    expect([exitCode, stderr]).toEqual([
      1,
      "webhook-gateway cannot show the status: the gateway says 403 This API key is not for this route\n",
    ]);
    using elsewhere = new TemporaryFolder();
    const without = await runCommand(["status"], elsewhere.path, { env: at(address) });
    expect([without.exitCode, without.stderr]).toEqual([
      1,
      "webhook-gateway cannot show the status: the gateway asks for the operator's key: set DATA_DIR or OPERATOR_API_KEY as the gateway has it\n",
    ]);
  });
});
