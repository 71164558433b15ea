import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import type { Server } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { EventStoreUnusable } from "../../src/events/store/eventstoredb/opening/eventstore-unusable.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { makeSelfSigned } from "../fixtures/certificates/receiver-certificate.ts";
import { idsOf, PulledSubscription, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

const PASSWORD = "s3cret/w:rd@%";
const selfSigned = makeSelfSigned("127.0.0.1");

let folder: string;
let server: FakeEventStoreDb;
let front: Server;

beforeEach(async (context) => {
  if (selfSigned === null) return context.skip("openssl could not make a certificate");
  folder = mkdtempSync(join(tmpdir(), "eventstoredb-tls-"));
  writeFileSync(join(folder, "ca.pem"), selfSigned.cert);
  const log = new MemoryEventStore({ now: () => 0 });
  server = await startFakeEventStoreDb({ log, credentials: { username: "admin", password: PASSWORD } });
  // The fake server speaks no TLS itself; the client sends credentials over nothing else.
  front = createServer({ ...selfSigned, ALPNProtocols: ["h2"] }, (secure) => {
    const plain = connect(server.port, "127.0.0.1");
    plain.on("error", () => secure.destroy()).on("close", () => secure.destroy());
    secure.on("error", () => plain.destroy()).on("close", () => plain.destroy());
    secure.pipe(plain).pipe(secure);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
});
afterEach(async () => {
  await server.close();
  front.close();
  rmSync(folder, { recursive: true });
});

function urlOf(password: string, { trusted = true, scheme = "esdb" } = {}): string {
  const { port } = front.address() as AddressInfo;
  const query = trusted ? `?tlsCAFile=${join(folder, "ca.pem")}` : "";
  return `${scheme}://admin:${encodeURIComponent(password)}@127.0.0.1:${port}${query}`;
}

async function refusalOf(url: string): Promise<string> {
  const error: unknown = await EventStoreDbEventStore.open({ url, prefix: "webhook_gateway." }).then(
    (store) => store.close(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EventStoreUnusable);
  return (error as Error).message;
}

describe("an EventStoreDB with TLS and users", () => {
  it("takes appends, reads and subscriptions with the password that the URL has in percent signs", async () => {
    const store = await EventStoreDbEventStore.open({ url: urlOf(PASSWORD), prefix: "webhook_gateway." });
    const event = sampleEvent();
    await store.append("user-1", [event], "no_stream");
    expect(idsOf(await store.read("user-1"))).toEqual([event.id]);
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    expect(idsOf((await subscription.untilCaughtUp()).events)).toEqual([event.id]);
    subscription.abort();
    await store.close();
  });

  it("is not opened with a wrong password, which is not repeated", async () => {
    const message = await refusalOf(urlOf("wr0ng-secret"));
    expect(message).toMatch(/^the event store refuses the credentials: set the right user:password@ in its address/);
    expect(message).not.toMatch(/wr0ng|admin/);
  });

  it("is not opened when no one vouches for its certificate", async () => {
    const message = await refusalOf(urlOf("s3cret", { trusted: false }));
    expect(message).toMatch(
      /its certificate is not accepted \(.*\); name the authority's certificate with \?tlsCAFile=/,
    );
    expect(message).not.toMatch(/\n|s3cret|admin/);
  });

  it.each(["esdb", "esdb+discover"])(
    "is not opened by %s: without TLS, at once and with the reason",
    async (scheme) => {
      const { port } = front.address() as AddressInfo;
      const message = await refusalOf(`${scheme}://127.0.0.1:${port}?tls=false`);
      expect(message).toMatch(/^the event store cannot be reached: it uses TLS; remove \?tls=false from its address/);
    },
  );

  it.each([
    ["its certificate is not trusted", { trusted: false, scheme: "esdb+discover" }, "127.0.0.1"],
    ["its certificate names another host", { scheme: "esdb+discover" }, "localhost"],
    ["its certificate names another host than the one address", {}, "localhost"],
  ])("is not opened, at once, when %s", async (_, options, host) => {
    const message = await refusalOf(urlOf(PASSWORD, options).replace("@127.0.0.1", `@${host}`));
    expect(message).toMatch(/its certificate is not accepted \(.*\); name the authority's certificate/);
    expect(message).not.toMatch(/\n|s3cret|admin/);
  });

  it("is unavailable, and not a conflict or worse, while it denies access to who was let in", async () => {
    const store = await EventStoreDbEventStore.open({ url: urlOf(PASSWORD), prefix: "webhook_gateway." });
    server.faults.denyAccess = true;
    const calls = [store.append("user-1", [sampleEvent()], "any"), store.read("user-1"), store.head()];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(StoreUnavailable) as unknown });
    }
    server.faults.denyAccess = false;
    await store.append("user-1", [sampleEvent()], "no_stream");
    await store.close();
  });
});
