import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventToAppend } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, RevisionConflict, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { collect, idsOf, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import type { FakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";

const DEADLINE_MS = 1_000;
/** Long before the client's own limits, which are 10 s and more. */
const SOON_MS = 6_000;

let log: MemoryEventStore;
let server: FakeEventStoreDb;
let store: EventStoreDbEventStore;

beforeEach(async () => {
  log = new MemoryEventStore({ now: () => Date.now() });
  server = await startFakeEventStoreDb({ log });
  store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway.", deadlineMs: DEADLINE_MS });
});
afterEach(async () => {
  await store.close();
  await server.close();
});

/** What the append failed with. Fails when it succeeds or does not end soon. */
async function failureOf(call: Promise<unknown>): Promise<unknown> {
  const failure = call.then(
    () => "none",
    (error: unknown) => error,
  );
  // A timer of the same process: where that has to wait for the machine, both are late, and in the same order.
  const outcome = await Promise.race([failure, pause(SOON_MS, "it did not end soon", { ref: false })]);
  expect(outcome).not.toBeTypeOf("string");
  return outcome;
}

/** The append fails with an unknown outcome, `written` of its events stand in the log, and the same again settles it. */
async function expectSettled(
  events: readonly EventToAppend[],
  expected: Parameters<EventStoreDbEventStore["append"]>[2],
  mend: () => void,
  written: number,
): Promise<void> {
  expect(await failureOf(store.append("user-1", events, expected))).toBeInstanceOf(AppendOutcomeUnknown);
  expect(await log.read("user-1")).toHaveLength(1 + written);
  mend();
  const again = await store.append("user-1", events, expected);
  const all = await log.read("user-1");
  expect(idsOf(all).slice(1)).toEqual(idsOf(events));
  expect(again).toEqual({ revision: all[2]!.revision, position: all[2]!.position });
}

/** The append succeeds by itself, is written once, and has the result of what was written. */
async function expectWritten(
  events: readonly EventToAppend[],
  expected: Parameters<EventStoreDbEventStore["append"]>[2],
): Promise<void> {
  const result = await store.append("user-1", events, expected);
  const all = await log.read("user-1");
  expect(idsOf(all).slice(1)).toEqual(idsOf(events));
  expect(result).toEqual({ revision: all.at(-1)!.revision, position: all.at(-1)!.position });
}

describe("an append that is settled by itself", () => {
  it.each([
    ["was written and the connection broke", (): void => server.faults.loseAnswers(1)],
    ["was written and the connection broke again and again", (): void => server.faults.loseAnswers(3)],
    ["was written and the server gave up waiting for its own write", (): void => server.faults.timeOutAppends(2)],
    ["came to a server that was not ready", (): void => server.faults.refuseCalls(3)],
    ["came to a node that no longer led", (): void => server.faults.refuseAsFollower(2)],
  ])("succeeds with the original result when it %s", async (_, disturb) => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    disturb();
    await expectWritten([sampleEvent(), sampleEvent()], first.revision);
  });

  it("succeeds when the server stands still for less than it may take, and so do reads", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    server.faults.stall();
    const reads = [store.read("user-1"), store.head(), store.idAt(first.position), collect(store.readAll())];
    const append = expectWritten([sampleEvent()], first.revision);
    await expect.poll(() => server.appends).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, DEADLINE_MS * 0.6));
    server.faults.endStall();
    await append;
    await Promise.all(reads);
    expect(server.appends).toBe(2);
  });

  it("succeeds when a leader is elected in time", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    server.faults.elect(300);
    await expectWritten([sampleEvent()], first.revision);
  });
});

describe("an append without an answer", () => {
  it("has an unknown outcome after its deadline, and is settled by the same append", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    server.faults.silence();
    await expectSettled([sampleEvent(), sampleEvent()], first.revision, () => server.faults.endSilence(), 0);
  });

  it("is settled when it was written and answered late", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    const held: PromiseWithResolvers<void> = Promise.withResolvers();
    server.faults.holdReplies(held.promise);
    await expectSettled([sampleEvent(), sampleEvent()], first.revision, () => held.resolve(), 2);
  });

  it("is settled when it was written, and the connection broke for as long as it was waited for", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    server.faults.loseAnswers(Number.POSITIVE_INFINITY);
    await expectSettled([sampleEvent(), sampleEvent()], first.revision, () => server.faults.loseAnswers(0), 2);
  });

  it("stays open when its repetition is refused", async () => {
    const first = await store.append("user-1", [sampleEvent()], "no_stream");
    const held: PromiseWithResolvers<void> = Promise.withResolvers();
    server.faults.holdReplies(held.promise);
    const events = [sampleEvent()];
    const append = failureOf(store.append("user-1", events, first.revision));
    await expect.poll(() => log.read("user-1")).toHaveLength(2);
    server.faults.deletedStreams.add("user-1");
    server.faults.breakAppends();
    held.resolve();
    expect(await append).toBeInstanceOf(AppendOutcomeUnknown);
  });

  it("ends soon too when the client looks for a leader that no node names", async () => {
    const found = await EventStoreDbEventStore.open({
      prefix: "webhook_gateway.",
      url: server.discoverUrl,
      deadlineMs: DEADLINE_MS,
    });
    const { port } = server;
    await server.close();
    const frozen = createServer();
    frozen.listen(port, "127.0.0.1");
    await once(frozen, "listening");
    try {
      await failureOf(found.append("user-1", [sampleEvent()], "no_stream"));
      const error = await failureOf(found.append("user-1", [sampleEvent()], "no_stream"));
      // Nobody was found to send it to.
      expect(error).toBeInstanceOf(StoreUnavailable);
      await found.close();
    } finally {
      frozen.close();
    }
  });
});

describe("an append that certainly was not written", () => {
  it("is refused as unavailable while no server listens, and taken when one is back on the port", async () => {
    await store.append("user-1", [sampleEvent()], "no_stream");
    const { port } = server;
    await server.close();
    // The first calls may meet the end of the connection, behind which nobody knows.
    await expect
      .poll(() => failureOf(store.append("user-2", [sampleEvent()], "no_stream")), { timeout: 10_000 })
      .toSatisfy((error: unknown) => error instanceof StoreUnavailable);
    server = await startFakeEventStoreDb({ log, port });
    const event = sampleEvent();
    await expect
      .poll(() => store.append("user-3", [event], "no_stream").then(() => "taken", String), { timeout: 10_000 })
      .toBe("taken");
    expect(await log.read("user-3")).toHaveLength(1);
  });

  it("is sent on by a node that does not lead, and so are the next ones", async () => {
    const leaderLog = new MemoryEventStore({ now: () => 0 });
    await using leader = await startFakeEventStoreDb({ log: leaderLog });
    server.faults.refuseAsFollower(1, { address: "127.0.0.1", port: leader.port });
    const event = sampleEvent();
    await store.append("user-1", [event], "no_stream");
    const next = sampleEvent();
    await store.append("user-2", [next], "no_stream");
    expect(idsOf(await collect(leaderLog.readAll()))).toEqual([event.id, next.id]);
    expect(await log.head()).toBeNull();
  });

  it("is refused when the server denies access, or the stream was deleted for ever", async () => {
    server.faults.deletedStreams.add("user-1");
    expect(await failureOf(store.append("user-1", [sampleEvent()], "any"))).toBeInstanceOf(StoreUnavailable);
    server.faults.denyAccess = true;
    expect(await failureOf(store.append("user-2", [sampleEvent()], "any"))).toBeInstanceOf(StoreUnavailable);
    server.faults.denyAccess = false;
    await store.append("user-2", [sampleEvent()], "no_stream");
  });

  it("is a conflict also where the URL asks for conflicts that are no errors", async () => {
    const quiet = await EventStoreDbEventStore.open({
      prefix: "webhook_gateway.",
      url: `${server.url}&throwOnAppendFailure=false`,
    });
    const { revision } = await quiet.append("user-1", [sampleEvent()], "no_stream");
    const conflict = await failureOf(quiet.append("user-1", [sampleEvent()], "no_stream"));
    expect(conflict).toBeInstanceOf(RevisionConflict);
    expect(conflict).toMatchObject({ actual: revision });
    const missing = await failureOf(quiet.append("user-2", [sampleEvent()], revision));
    expect(missing).toBeInstanceOf(RevisionConflict);
    expect(missing).toMatchObject({ actual: null });
    await quiet.close();
  });
});

describe("a server that is frozen", () => {
  it("makes the process hold no more than 1,024 appends, and takes appends again when it is back", async () => {
    server.faults.silence();
    const waiting = Array.from({ length: 1_024 }, (_, number) =>
      failureOf(store.append(`user-${number}`, [sampleEvent()], "no_stream")),
    );
    const refused = await failureOf(store.append("user-more", [sampleEvent()], "no_stream"));
    expect(refused).toBeInstanceOf(StoreUnavailable);
    for (const error of await Promise.all(waiting)) expect(error).toBeInstanceOf(AppendOutcomeUnknown);
    server.faults.endSilence();
    const event = sampleEvent();
    const taken = (): Promise<string> => store.append("user-more", [event], "no_stream").then(() => "taken", String);
    await expect.poll(taken, { timeout: 4_000 }).toBe("taken");
  });

  it("makes every read unavailable soon", async () => {
    const { position } = await store.append("user-1", [sampleEvent()], "no_stream");
    server.faults.silence();
    const reads = [store.read("user-1"), store.head(), store.idAt(position), collect(store.readAll())];
    for (const error of await Promise.all(reads.map(failureOf))) expect(error).toBeInstanceOf(StoreUnavailable);
    server.faults.endSilence();
    expect(await store.read("user-1")).toHaveLength(1);
  });

  it("does not hold up the end of the store, which refuses what comes then", async () => {
    server.faults.silence();
    const waiting = failureOf(store.append("user-1", [sampleEvent()], "no_stream"));
    await expect.poll(() => server.appends).toBe(1);
    await store.close();
    await store.close();
    expect(await waiting).toBeInstanceOf(AppendOutcomeUnknown);
    for (const call of [store.append("user-1", [sampleEvent()], "any"), store.head(), store.read("user-1")]) {
      expect(await failureOf(call)).toBeInstanceOf(StoreUnavailable);
    }
  });
});

describe("a read that is given up", () => {
  it("leaves no call open on the server", async () => {
    await log.append("user-1", sampleEvents(3), "no_stream");
    server.faults.silence();
    const reads = [store.read("user-1"), store.head()].map(failureOf);
    await expect.poll(() => server.reads).toBe(2);
    await Promise.all(reads);
    await expect.poll(() => server.reads).toBe(0);
  });
});

describe("a reader that leaves early", () => {
  it("can go on with other reads", async () => {
    for (let batch = 0; batch < 3; batch += 1) await log.append(`user-${batch}`, sampleEvents(300), "no_stream");
    for await (const event of store.readAll()) {
      expect(event.stream).toBe("user-0");
      break;
    }
    expect(await collect(store.readAll())).toHaveLength(900);
    await expect.poll(() => server.reads).toBe(0);
  });
});
