import { once } from "node:events";
import { createServer as createWebServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { EventStoreUnusable } from "../../src/events/store/eventstoredb/opening/eventstore-unusable.ts";
import { openServer } from "../../src/events/store/eventstoredb/opening/open-server.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDbOptions } from "../fixtures/eventstoredb/fake-server.ts";

const SECRET = "s3cretword";
const cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  // The client prints whole URLs there.
  expect(JSON.stringify(vi.mocked(console.warn).mock.calls)).not.toContain(SECRET);
  vi.restoreAllMocks();
});

async function fakeServer(options: Partial<FakeEventStoreDbOptions> = {}): ReturnType<typeof startFakeEventStoreDb> {
  const server = await startFakeEventStoreDb({ log: new MemoryEventStore({ now: () => 0 }), ...options });
  cleanUps.push(() => server.close());
  return server;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What opening this URL says, which is one line without the secret. */
async function refusalOf(url: string, openingMs = 1_000): Promise<string> {
  const error: unknown = await openServer(url, { openingMs }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EventStoreUnusable);
  const { message } = error as EventStoreUnusable;
  expect(message).not.toContain("\n");
  expect(message).not.toContain(SECRET);
  expect(message).not.toContain("admin:");
  return message;
}

describe("opening an EventStoreDB", () => {
  it.each(["url", "discoverUrl"] as const)("takes appends by its %s", async (kind) => {
    const server = await fakeServer();
    const store = await EventStoreDbEventStore.open({ url: server[kind], prefix: "webhook_gateway." });
    await store.append("user-1", [sampleEvent()], "no_stream");
    await store.close();
  });

  it("says that no one listens, or that the name is unknown", async () => {
    const free = createServer();
    const port = await portOf(free);
    free.close();
    expect(await refusalOf(`esdb://admin:${SECRET}@127.0.0.1:${port}?tls=false`)).toMatch(
      /^the event store cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:\d+; check that it is running/,
    );
    expect(await refusalOf(`esdb://admin:${SECRET}@no-such-host.invalid:2113?tls=false`)).toMatch(
      /cannot be reached: Name resolution failed for target dns:no-such-host\.invalid:2113;/,
    );
    expect(await refusalOf(`esdb://admin:${SECRET}@127.0.0.1:${port},127.0.0.1:${port}?tls=false`, 4_000)).toMatch(
      /cannot be reached: Failed to discover after 10 attempts;/,
    );
  });

  it("says within the time that it has that nothing answers", async () => {
    const port = await portOf(createServer((socket) => cleanUps.push(() => socket.destroy())));
    expect(await refusalOf(`esdb://admin:${SECRET}@127.0.0.1:${port}?tls=false`, 300)).toMatch(
      /cannot be reached: no answer within 300 ms;/,
    );
  });

  it("says that what answers is something else", async () => {
    const web = await portOf(createWebServer((_request, response) => response.end("hello")));
    expect(await refusalOf(`esdb://admin:${SECRET}@127.0.0.1:${web}?tls=false`)).toMatch(/cannot be reached: /);
    const strange = await fakeServer({ version: "unknown" });
    expect(await refusalOf(strange.url)).toMatch(/is not EventStoreDB 23\.10 or later/);
  });

  it.each(["esdb", "esdb+discover"])("says by %s: that the server does not use TLS, at once", async (scheme) => {
    const { port } = await fakeServer();
    expect(await refusalOf(`${scheme}://admin:${SECRET}@127.0.0.1:${port}`, 60_000)).toMatch(
      /it does not use TLS; add \?tls=false/,
    );
  });

  it.each(["5.0.11", "21.10.0", "22.10.3", "23.6.0"])("refuses version %s", async (version) => {
    const { url } = await fakeServer({ version });
    expect(await refusalOf(url, 60_000)).toBe(
      `the event store has version ${version}, but 23.10 or later is needed: upgrade the server`,
    );
  });

  it.each(["23.10.0", "24.10.0-bookworm", "25.0.1"])("takes version %s", async (version) => {
    const { url } = await fakeServer({ version });
    await (await EventStoreDbEventStore.open({ url, prefix: "webhook_gateway." })).close();
  });

  it("says that the credentials are refused, at once", async () => {
    const server = await fakeServer();
    server.faults.denyAccess = true;
    expect(await refusalOf(server.url, 60_000)).toMatch(
      /^the event store refuses the credentials: set the right user:password@/,
    );
  });

  it.each([
    ["another protocol", `http://admin:${SECRET}@host`, /it must be esdb:/],
    ["nothing", "", /it must be esdb:/],
    ["an @ in the password", `esdb://admin:a@${SECRET}@host:2113`, /%40/],
    ["a colon in the password", `esdb://admin:a:${SECRET}@host:2113`, /%3A/],
    ["a slash in the password", `esdb://admin:a/${SECRET}@host:2113`, /%2F/],
    ["a bare percent sign", `esdb://admin:%${SECRET}@host:2113`, /%25/],
    ["no credentials with TLS", "esdb://host:2113", /needs user:password@/],
    ["a port that is not a number", `esdb://admin:${SECRET}@host:port`, /not well formed/],
    ["an unknown option", `esdb://admin:${SECRET}@host?tlss=false`, /the option tlss is unknown/],
    ["a certificate that is not there", `esdb://admin:${SECRET}@host?tlsCAFile=/no/such`, /File was not found/],
    ["TLS without a check", `esdb://admin:${SECRET}@host?tlsVerifyCert=false`, /tlsCAFile/],
  ])("says what is wrong with a URL that has %s", async (_, url, expected) => {
    expect(await refusalOf(url)).toMatch(expected);
  });
});

describe("opening an EventStoreDB that is not ready yet", () => {
  /** What is told while it is waited for, every 100 ms; and the end of waiting. */
  async function waited(url: string, reason: RegExp, ready: () => unknown): Promise<void> {
    const told: [string, number][] = [];
    const onWaiting = (reason: string, seconds: number): void => void told.push([reason, seconds]);
    const opened = openServer(url, { onWaiting, reportEveryMs: 100 });
    await expect.poll(() => told.at(-1)?.[0], { timeout: 10_000 }).toMatch(reason);
    await ready();
    await (await opened).close(1_000);
    const { length } = told;
    for (const [why, seconds] of told) {
      expect(why).not.toMatch(/\n|s3cretword|admin/);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    expect(told).toHaveLength(length);
  }

  it.each(["url", "discoverUrl"] as const)("waits by its %s for a leader, and reports why", async (kind) => {
    const server = await fakeServer();
    const elected: PromiseWithResolvers<void> = Promise.withResolvers();
    server.faults.elect(elected.promise);
    await waited(server[kind], /leader|ready/i, () => elected.resolve());
  });

  it("waits for a node that refuses connections", async () => {
    const free = createServer();
    const port = await portOf(free);
    free.close();
    await waited(`esdb://admin:${SECRET}@127.0.0.1:${port}?tls=false`, /ECONNREFUSED/, () => fakeServer({ port }));
  });

  it("waits for a node that takes connections and closes them", async () => {
    const closing = createServer((socket) => socket.destroy());
    const port = await portOf(closing);
    await waited(
      `esdb://admin:${SECRET}@127.0.0.1:${port}?tls=false`,
      /dropped|ECONNRESET|Failed to connect/,
      async () => {
        await new Promise((resolve) => closing.close(resolve));
        await fakeServer({ port });
      },
    );
  });

  it("waits no longer than it may for a leader that is never elected, and says so", async () => {
    const server = await fakeServer();
    server.faults.elect(new Promise(() => undefined));
    expect(await refusalOf(server.url, 1_500)).toMatch(/cannot be reached: Leader info available;/);
  });
});
