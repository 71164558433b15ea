import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SubscriptionMessage } from "../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../src/events/store/event-store-errors.ts";
import { SqliteLogFollower } from "../../src/events/store/sqlite/reading/sqlite-log-follower.ts";
import { SqliteLogReader } from "../../src/events/store/sqlite/reading/sqlite-log-reader.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { LogWriter } from "../../src/events/store/sqlite/writing/log-writer.ts";
import type { FollowingThreadData } from "../fixtures/event-log/event-following-thread.ts";
import { PulledSubscription, sampleEvent, sampleEvents } from "../fixtures/event-log/event-samples.ts";

let directory: string;
let store: SqliteEventStore;
const writers: LogWriter[] = [];
const onFault = vi.fn<(error: Error) => void>();

beforeEach(async () => {
  onFault.mockClear();
  directory = await mkdtemp(join(tmpdir(), "event-store-"));
  store = await SqliteEventStore.open({
    directory,
    onFault,
    startWriter: async (data, listener) => {
      const writer = await LogWriter.start(data, listener);
      writers.push(writer);
      return writer;
    },
  });
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

describe("a reader in another thread", () => {
  const startFollower = (held: boolean): { thread: Worker; next: () => Promise<SubscriptionMessage> } => {
    const workerData: FollowingThreadData = { directory, signal: store.signal, categories: ["user"], held };
    const thread = new Worker(new URL("../fixtures/event-log/event-following-thread.ts", import.meta.url), {
      workerData,
    });
    const messages: SubscriptionMessage[] = [];
    let arrived: () => void = () => undefined;
    thread.on("message", (message: SubscriptionMessage) => {
      messages.push(message);
      arrived();
    });
    const next = async (): Promise<SubscriptionMessage> => {
      while (messages.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
      return messages.shift()!;
    };
    return { thread, next };
  };

  it("is woken by every commit, and ends when its signal aborts", async () => {
    const { thread, next } = startFollower(true);
    expect(await next()).toEqual({ kind: "caughtUp", position: null, searchedTo: null });
    for (let round = 0; round < 100; round += 1) {
      const event = sampleEvent();
      const { position } = await store.append(`user-${round}`, [event], "no_stream");
      let message = await next();
      while (message.kind === "caughtUp") message = await next();
      expect(message.event).toMatchObject({ id: event.id, position });
    }
    const ended = once(thread, "exit");
    thread.postMessage("stop");
    expect(await ended).toEqual([0]);
  });

  it("is not kept alive by its subscription alone", async () => {
    const { thread } = startFollower(false);
    expect(await once(thread, "exit")).toEqual([0]);
  });

  it("may be ended from outside while it waits, without harm to the store and to other readers", async () => {
    const [ended, other] = [startFollower(true), startFollower(true)];
    await ended.next();
    await other.next();
    await ended.thread.terminate();
    await store.append("user-1", [sampleEvent()], "no_stream");
    expect(await other.next()).toMatchObject({ kind: "event", event: { stream: "user-1" } });
    await other.thread.terminate();
  });
});

describe("the embedded store", () => {
  it("refuses the append that is one too many, at once, and keeps those that it took", async () => {
    const taken = Array.from({ length: 10_000 }, (_, number) =>
      store.append(`user-${number}`, [sampleEvent()], "no_stream"),
    );
    const refusal = expect(store.append("user-x", [sampleEvent()], "any")).rejects.toMatchObject({
      code: "store_unavailable",
      message: "the append queue is full",
    });
    await refusal;
    await Promise.all(taken);
    expect(await store.read("user-x")).toEqual([]);
    await store.append("user-x", [sampleEvent()], "no_stream");
  });

  it("holds a few megabytes of large events at a time, however many there are", async () => {
    const text = "x".repeat(1_000_000);
    for (let round = 0; round < 10; round += 1) {
      await store.append("user-1", [sampleEvent({ data: { text } })], "any");
    }
    const reader = new SqliteLogReader(directory);
    const page = reader.page(0, ["user"], 500);
    expect(page.rows.length).toBeLessThanOrEqual(5);
    expect(page.end).toBe(false);
    reader.close();
    const subscription = new PulledSubscription(store, { categories: ["user"] });
    expect((await subscription.untilCaughtUp()).events).toHaveLength(10);
    subscription.abort();
  });

  it("leaves one database without a write-ahead log when it is closed", async () => {
    await store.append("user-1", sampleEvents(3), "no_stream");
    await store.close();
    expect(await readdir(directory)).toEqual(["events.sqlite"]);
  });

  it("keeps the log's id, which a new log does not have", async () => {
    const { logId } = store;
    await store.close();
    store = await SqliteEventStore.open({ directory });
    expect(store.logId).toBe(logId);
    const other = await mkdtemp(join(tmpdir(), "event-store-"));
    const otherStore = await SqliteEventStore.open({ directory: other });
    expect(otherStore.logId).not.toBe(logId);
    await otherStore.close();
    await rm(other, { recursive: true });
  });

  it("ends the subscriptions of a follower when the follower closes", async () => {
    const follower = new SqliteLogFollower({ directory, signal: store.signal });
    const subscription = new PulledSubscription(follower);
    await subscription.untilCaughtUp();
    const next = subscription.next();
    await follower.close();
    expect(await next).toBeNull();
  });
});

describe("when the writer's thread dies", () => {
  it("answers what was sent as unknown and the rest as not written, and says so once", async () => {
    await store.append("user-0", [sampleEvent()], "no_stream");
    const writer = writers.at(-1)!;
    vi.spyOn(writer, "send").mockImplementation(() => void writer.terminate());
    const sent = store.append("user-1", [sampleEvent()], "no_stream");
    await Promise.resolve();
    const behind = store.append("user-2", [sampleEvent()], "no_stream");
    const outcomes = await Promise.allSettled([sent, behind]);
    expect(outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as unknown))).toEqual([
      expect.any(AppendOutcomeUnknown),
      expect.any(StoreUnavailable),
    ]);
    await expect(store.append("user-3", [sampleEvent()], "any")).rejects.toThrow(StoreUnavailable);
    expect(onFault).toHaveBeenCalledOnce();
    expect(await store.read("user-0")).toHaveLength(1);
  });
});
