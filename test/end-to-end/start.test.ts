import { hash } from "node:crypto";
import {
  copyFileSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";

/** Starts a gateway that must not start, and gives the one line that it says about it. */
async function refusal(directory: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  await using gateway = GatewayProcess.spawn(directory, env);
  // That it is ready would be no refusal; that it ends before is a rejection.
  await expect(gateway.ready).rejects.toThrow();
  expect(await gateway.exited).toBeGreaterThan(0);
  const lines = gateway.stderr.split("\n");
  expect(lines, gateway.stderr).toHaveLength(2);
  expect(lines[1]).toBe("");
  expect(lines[0]).toMatch(/^webhook-gateway cannot start: \S/);
  return lines[0]!;
}

/** A data folder with one delivered delivery in it, and its user. */
async function usedFolder(directory: string): Promise<{ api: ApiClient; deliveryId: string }> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  await using gateway = await GatewayProcess.start(directory);
  const api = await ApiClient.createUser(await gateway.ready);
  const { deliveryId } = await api.dispatch(await api.createEndpoint(receiver.url()), '{"n":1}');
  for (let n = 2; n <= 20; n += 1) await api.dispatch(1, `{"n":${n}}`);
  await api.untilAllFinal();
  expect(await gateway.terminate()).toBe(0);
  return { api, deliveryId };
}

function digestOf(file: string): string {
  return hash("sha256", readFileSync(file), "hex");
}

// Thirty processes at once take their time.
describe.concurrent("a start is refused with one line", { timeout: 120_000 }, () => {
  const SETTINGS: readonly (readonly [string, string])[] = [
    ["HOST", "127.0.0.1 and more"],
    ["PORT", "70000"],
    ["PORT", "http"],
    ["DATA_DIR", " "],
    ["EVENTSTORE_URL", "http://127.0.0.1:2113"],
    ["EVENTSTORE_STREAM_PREFIX", ""],
    ["EVENTSTORE_STREAM_PREFIX", "webhook-gateway."],
    ["EVENTSTORE_STREAM_PREFIX", "webhook gateway."],
    ["MONGODB_URL", "http://db.example"],
    ["OPERATOR_API_KEY", "secret-but-no-uuid"],
    ["AUDITOR_API_KEY", "secret-but-no-uuid"],
    ["MASTER_KEY", "c2VjcmV0"],
    ["DELIVERY_ALLOW_CIDRS", "127.0.0.2/33"],
    ["DNS_SERVERS", "one.example"],
    ["DELIVERY_TIMEOUT_MS", "0"],
    ["RETRY_UNIT_SECONDS", "-1"],
    ["RETRY_TICK_SECONDS", "a minute"],
    ["MAX_PAYLOAD_BYTES", "1e6"],
    ["LOG_LEVEL", "loud"],
  ];

  it("that names the variable, for every setting that cannot be used", async () => {
    using folder = new TemporaryFolder();
    const refuses = async ([name, value]: readonly [string, string]): Promise<void> => {
      const line = await refusal(join(folder.path, "data"), { [name]: value });
      expect(line, name).toContain(`${name}: `);
      if (/KEY|URL/.test(name)) expect(line, name).not.toContain(value);
    };
    await Promise.all(SETTINGS.map(refuses));
  });

  it("for an address that is not this machine's", async () => {
    using folder = new TemporaryFolder();
    // An address of TEST-NET-1 (RFC 5737), which no machine has.
    expect(await refusal(folder.path, { HOST: "192.0.2.1" })).toContain("HOST, PORT: ");
  });

  it("for a port that another program uses", async () => {
    using folder = new TemporaryFolder();
    await using other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    expect(await refusal(folder.path, { PORT: `${port}` })).toContain("PORT: another program listens there");
  });

  it("for a data folder that cannot be made", async () => {
    using folder = new TemporaryFolder();
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    const link = join(folder.path, "link");
    symlinkSync(join(folder.path, "nowhere"), link);
    for (const place of [join(file, "data"), file, join(link, "data"), "/proc/webhook-gateway/data"]) {
      expect(await refusal(place)).toContain(`DATA_DIR ${place}`);
    }
  });

  it("for a data folder that another gateway uses, whose process it names and does not disturb", async () => {
    using folder = new TemporaryFolder();
    await using first = await GatewayProcess.start(folder.path);
    const api = await ApiClient.createUser(await first.ready);
    expect(await refusal(folder.path)).toContain(`in use by another gateway (process ${first.pid})`);
    expect(await api.text("/v1/users/me")).toContain('"alice"');
    await first.kill9();
    // A dead process holds nothing.
    await using next = await GatewayProcess.start(folder.path);
    expect(await api.at(await next.ready).text("/v1/users/me")).toContain('"alice"');
  });

  it("for another master key than the folder's", async () => {
    using folder = new TemporaryFolder();
    const { api } = await usedFolder(folder.path);
    const other = Buffer.alloc(32, 1).toString("base64");
    expect(await refusal(folder.path, { MASTER_KEY: other })).toMatch(/MASTER_KEY: (?!.*AQEB)/);
    await using next = await GatewayProcess.start(folder.path);
    expect(await api.at(await next.ready).text("/v1/users/me")).toContain('"alice"');
  });

  it("for an event log that is damaged or cut short, which it leaves as it is", async () => {
    using folder = new TemporaryFolder();
    const { api, deliveryId } = await usedFolder(folder.path);
    const log = join(folder.path, "events.sqlite");
    const whole = join(folder.path, "a copy");
    copyFileSync(log, whole);
    const bytes = readFileSync(whole).length;
    const damages: readonly (() => void)[] = [
      ...[0, 100, 4096, bytes / 2, bytes - 4096, bytes - 1].map((size) => () => truncateSync(log, Math.floor(size))),
      () => writeFileSync(log, "this is no database".repeat(1_000)),
      () => overwrite(log, 0, Buffer.alloc(4096)),
      () => overwrite(log, bytes - 4096, Buffer.alloc(4096, 0xff)),
    ];
    for (const damage of damages) {
      copyFileSync(whole, log);
      damage();
      const before = digestOf(log);
      expect(await refusal(folder.path)).toContain(log);
      expect(digestOf(log)).toBe(before);
    }
    copyFileSync(whole, log);
    await using next = await GatewayProcess.start(folder.path);
    expect(await api.at(await next.ready).delivery(deliveryId)).toMatchObject({ status: "SUCCESS", attempts: 1 });
  });
});

describe("read models that are damaged", () => {
  it("are rebuilt from the log, and show the same to the byte", async () => {
    using folder = new TemporaryFolder();
    const { api, deliveryId } = await usedFolder(folder.path);
    const file = join(folder.path, "read-models.sqlite");
    const paths = ["/v1/users/me", "/v1/deliveries?limit=7", `/v1/deliveries/${deliveryId}`];
    const shown = async (address: string): Promise<string[]> =>
      Promise.all(paths.map((it) => api.at(address).text(it)));
    let expected: string[];
    {
      await using gateway = await GatewayProcess.start(folder.path);
      expected = await shown(await gateway.ready);
      expect(await gateway.terminate()).toBe(0);
    }
    const damages: readonly (() => void)[] = [
      () => truncateSync(file, readFileSync(file).length / 2),
      () => writeFileSync(file, "this is no database".repeat(1_000)),
      () => writeFileSync(file, ""),
    ];
    for (const damage of damages) {
      damage();
      await using gateway = await GatewayProcess.start(folder.path);
      expect(await shown(await gateway.ready)).toEqual(expected);
      expect(await gateway.terminate()).toBe(0);
    }
  });
});

function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const handle = openSync(file, "r+");
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}
