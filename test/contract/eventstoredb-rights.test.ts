import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import type { Use } from "../../src/events/store/eventstoredb/opening/check-rights.ts";
import { EventStoreUnusable } from "../../src/events/store/eventstoredb/opening/eventstore-unusable.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { appendForeign } from "../fixtures/eventstoredb/foreign-events.ts";

const PREFIX = "webhook_gateway.";

let resources: AsyncDisposableStack;
let log: MemoryEventStore;
let server: FakeEventStoreDb;

beforeEach(async () => {
  resources = new AsyncDisposableStack();
  log = resources.adopt(new MemoryEventStore({ now: () => 0 }), (store) => store.close());
  server = resources.use(await startFakeEventStoreDb({ log }));
});
afterEach(() => resources.disposeAsync());

async function opened(use?: Use): Promise<EventStoreDbEventStore> {
  const options = { url: server.url, prefix: PREFIX, ...(use !== undefined && { use }) };
  return resources.adopt(await EventStoreDbEventStore.open(options), (store) => store.close());
}

describe("opening an EventStoreDB", () => {
  it.each([
    ["append", "denyAppends", /does not let the user of its address write the gateway's streams/],
    ["append", "denyStreamReads", /does not let the user of its address read the gateway's streams/],
    ["read", "denyStreamReads", /does not let the user of its address read the gateway's streams/],
  ] as const)("to %s says what its user may not do (%s)", async (use, fault, line) => {
    server.faults[fault] = true;
    await expect(opened(use)).rejects.toThrow(EventStoreUnusable);
    await expect(opened(use)).rejects.toThrow(line);
  });

  it("to read takes a user who may not write", async () => {
    server.faults.denyAppends = true;
    const store = await opened("read");
    expect(await store.read("user-1")).toEqual([]);
  });

  it("writes nothing", async () => {
    await opened("append");
    await opened("append");
    expect(await log.head()).toBeNull();
  });

  it("does not take a server that loses an answer for one that refuses", async () => {
    server.faults.loseAnswers(1);
    const store = await opened("append");
    await store.append("user-1", [sampleEvent()], "no_stream");
  });
});

describe("a stream of the same name without the prefix", () => {
  it("is found, and one with the prefix is not taken for it", async () => {
    const store = await opened();
    await store.append("log-begin", [sampleEvent()], "no_stream");
    expect(await store.hasWithoutPrefix("log-begin")).toBe(false);
    await appendForeign(server.url, "log-begin");
    expect(await store.hasWithoutPrefix("log-begin")).toBe(true);
  });

  it("is not found where its reading is refused", async () => {
    const store = await opened();
    await appendForeign(server.url, "log-begin");
    server.faults.denyStreamReads = true;
    expect(await store.hasWithoutPrefix("log-begin")).toBe(false);
  });
});
