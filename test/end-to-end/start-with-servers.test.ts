import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { describe, expect, it } from "vitest";
import { MemoryEventStore } from "../../src/events/memory/memory-event-store.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway-process.ts";
import { SERVER_KEYS } from "./instances.ts";

/** Starts a gateway that must not start, and gives the one line that it says about it. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  using folder = new TemporaryFolder();
  await using gateway = GatewayProcess.spawn(folder.path, { ...SERVER_KEYS, ...env });
  await expect(gateway.ready).rejects.toThrow();
  expect(await gateway.exited).toBe(1);
  const lines = gateway.stderr.split("\n");
  expect(lines, gateway.stderr).toHaveLength(2);
  for (const secret of ["s3cret", ...Object.values(SERVER_KEYS)]) expect(gateway.stderr).not.toContain(secret);
  return lines[0]!;
}

/** A server that takes connections and says nothing; its port. */
async function silentPort(stack: AsyncDisposableStack): Promise<number> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.adopt(server, (one: Server) => void one.close());
  return (server.address() as AddressInfo).port;
}

describe.concurrent("a start with servers is refused with one line that names the variable", () => {
  it.each(Object.keys(SERVER_KEYS))("when %s is missing", async (missing) => {
    const line = await refusal({ EVENTSTORE_URL: "esdb://127.0.0.1:1?tls=false", [missing]: "" });
    expect(line).toMatch(new RegExp(`^webhook-gateway cannot start: ${missing}: is required with EVENTSTORE_URL`));
  });

  it.each([
    ["nobody listens there", "EVENTSTORE_URL", "esdb://127.0.0.1:1?tls=false"],
    ["its name is not known", "EVENTSTORE_URL", "esdb://log.invalid:2113?tls=false"],
    [
      "no node of the cluster answers",
      "EVENTSTORE_URL",
      "esdb://127.0.0.1:1,127.0.0.1:2?tls=false&maxDiscoverAttempts=2",
    ],
    ["TLS asks for credentials", "EVENTSTORE_URL", "esdb://127.0.0.1:1"],
    ["its address is not well formed", "EVENTSTORE_URL", "esdb://admin:s3cret@127.0.0.1:port?tls=false"],
    ["nobody listens there", "MONGODB_URL", "mongodb://admin:s3cret@127.0.0.1:1/"],
    ["its name is not known", "MONGODB_URL", "mongodb://db.invalid/"],
    ["its address is not well formed", "MONGODB_URL", "mongodb://admin:s3cret@/"],
  ])("when %s (%s)", async (_why, name, url) => {
    expect(await refusal({ [name]: url })).toMatch(new RegExp(`^webhook-gateway cannot start: ${name}: \\S`));
  });

  it.each([
    ["EVENTSTORE_URL", (port: number) => `esdb://127.0.0.1:${port}?tls=false`],
    ["MONGODB_URL", (port: number) => `mongodb://127.0.0.1:${port}/`],
  ])("when what listens there says nothing (%s)", async (name, url) => {
    await using stack = new AsyncDisposableStack();
    const port = await silentPort(stack);
    expect(await refusal({ [name]: url(port) })).toMatch(new RegExp(`^webhook-gateway cannot start: ${name}: \\S`));
  });

  it("when the event store is too old", async () => {
    const log = new MemoryEventStore({ now: () => Date.now() });
    await using server = await startFakeEventStoreDb({ log, version: "22.10.4" });
    expect(await refusal({ EVENTSTORE_URL: server.url })).toMatch(/EVENTSTORE_URL: .*22\.10\.4.*23\.10 or later/);
  });
});
