import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand, startCommand } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { until } from "../fixtures/until.ts";
import { seedLog } from "./seeded-log.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

describe("a command that a signal stops ends with 1 and says what became of it", () => {
  const folder = new TemporaryFolder();
  const log = join(folder.path, "log");
  beforeAll(() => seedLog(log, 40_000));
  afterAll(() => folder[Symbol.dispose]());

  it.each(SIGNALS)("export to a file, which --resume goes on with: %s", async (signal) => {
    const file = join(folder.path, `${signal}.ndjson`);
    const { child, ended } = startCommand(["export", "--output", file], log);
    await until("it to begin", () => child.exitCode !== null || existsSync(`${file}.unfinished`));
    child.kill(signal);
    expect(await ended).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: `webhook-gateway cannot export: stopped by ${signal}; run it again with --resume to go on\n`,
    });
    expect(existsSync(file)).toBe(false);
    const resumed = await runCommand(["export", "--output", file, "--resume"], log);
    expect(resumed).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1)!)).toMatchObject({ events: 40_000 });
  });

  it.each(SIGNALS)("export to standard output, whose reader stalls: %s", async (signal) => {
    const { child, ended } = startCommand(["export"], log);
    child.stdout?.once("data", () => {
      child.stdout?.pause();
      child.kill(signal);
      child.once("exit", () => child.stdout?.resume());
    });
    expect(await ended).toMatchObject({
      exitCode: 1,
      stderr: `webhook-gateway cannot export: stopped by ${signal}; what was written is not whole\n`,
    });
  });

  it.each(SIGNALS)("backup, which leaves nothing, also when SIGHUP comes twice: %s", async (signal) => {
    using target = new TemporaryFolder();
    const { child, ended } = startCommand(["backup", join(target.path, "x")], log);
    await until("the copy to begin", () => child.exitCode !== null || readdirSync(target.path).length > 0);
    child.kill(signal);
    child.kill("SIGHUP");
    expect((await ended).stderr).toMatch(
      /^webhook-gateway cannot back up: stopped by SIG(INT|TERM|HUP); nothing was kept\n$/,
    );
    expect((await ended).exitCode).toBe(1);
    expect(readdirSync(target.path)).toEqual([]);
  });

  it.each(SIGNALS)("import, which goes on later: %s", async (signal) => {
    using target = new TemporaryFolder();
    const { child, ended } = startCommand(["import"], target.path, { input: "open" });
    await until("it to begin", () => child.exitCode !== null || existsSync(join(target.path, "events.sqlite")));
    child.kill(signal);
    expect(await ended).toMatchObject({
      exitCode: 1,
      stderr: `webhook-gateway cannot import: stopped by ${signal}; run the same command again to go on\n`,
    });
  });

  it.each(SIGNALS)("rebuild at a gateway, which goes on there: %s", async (signal) => {
    await using gateway = await RebuildingGateway.start(202);
    const { child, ended } = startCommand(["rebuild", "users", "--url", gateway.address], folder.path);
    await until("it to follow", () => child.exitCode !== null || gateway.looks > 1);
    child.kill(signal);
    expect(await ended).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        `webhook-gateway cannot rebuild: stopped by ${signal}; ` +
        "the gateway goes on rebuilding users, see GET /v1/admin/projections\n",
    });
  });
});

describe("webhook-gateway rebuild", () => {
  it("follows a rebuild that is under way at the gateway already", async () => {
    using folder = new TemporaryFolder();
    await using gateway = await RebuildingGateway.start(409);
    const env = { OPERATOR_API_KEY: randomUUID() };
    const { child, ended } = startCommand(["rebuild", "users", "--url", gateway.address], folder.path, { env });
    await until("it to follow", () => child.exitCode !== null || gateway.looks > 1);
    gateway.isRebuilding = false;
    expect(await ended).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "the gateway is rebuilding users already; this follows it\nrebuilt users; the old one was the same\n",
    });
  });
});

/** As much of a gateway as a rebuild asks: one that rebuilds `users` for as long as the test wants. */
class RebuildingGateway implements AsyncDisposable {
  readonly #server;
  isRebuilding = true;
  /** How often it was asked how far it is. */
  looks = 0;

  private constructor(status: number) {
    this.#server = createServer((request, response) => {
      const rebuild = this.isRebuilding ? { phase: "filling", position: "00000000000000000001" } : null;
      const users = { name: "users", head: "00000000000000000002", rebuild, last_comparison: { differing: 0 } };
      if (request.method === "GET") this.looks += 1;
      response.statusCode = request.method === "POST" ? status : 200;
      response.end(JSON.stringify(request.method === "POST" ? {} : { data: [users] }));
    });
  }

  /** `status`: with which it answers that a rebuild is wanted. */
  static async start(status: number): Promise<RebuildingGateway> {
    const gateway = new RebuildingGateway(status);
    await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
