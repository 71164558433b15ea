import { describe, expect, it } from "vitest";
import {
  AppendOutcomeUnknown,
  EventTooLarge,
  StoreFull,
  StoreOverloaded,
  StoreUnavailable,
} from "../../../src/events/store/event-store-errors.ts";
import { positionOf } from "../../../src/events/store/position.ts";
import { Metrics } from "../../../src/observability/metrics.ts";
import { SeenHeads } from "../../../src/projections/running/seen-heads.ts";
import { MeasuredEventStore } from "../../../src/storage/measured-event-store.ts";
import { sampleEvent } from "../../fixtures/event-log/event-samples.ts";
import { HookedEventStore } from "../../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { figure } from "../../fixtures/prometheus.ts";

class World {
  readonly clock = new FakeClock();
  readonly inner = new HookedEventStore(this.clock);
  readonly metrics = new Metrics();
  readonly heads = new SeenHeads();
  readonly store = new MeasuredEventStore(this.inner, this.metrics, this.clock, this.heads);

  append(): Promise<unknown> {
    return this.store.append("user-1", [sampleEvent()], "any");
  }

  /** Makes appends fail with this error, or succeed again with null. */
  fail(error: Error | null): void {
    this.inner.onAppend = (_stream, _events, write) => (error === null ? write() : Promise.reject(error));
  }

  async refuse(error: Error): Promise<void> {
    this.fail(error);
    await expect(this.append()).rejects.toBe(error);
    this.fail(null);
  }

  async counted(outcome: string): Promise<number> {
    return figure(await this.metrics.text(), `webhook_append_duration_seconds_count{outcome="${outcome}"}`);
  }
}

describe("a measured event store", () => {
  it("gives what the store gives, and counts each append by its outcome", async () => {
    const world = new World();
    expect(await world.append()).toMatchObject({ position: await world.inner.head() });
    await expect(world.store.append("user-1", [sampleEvent()], "no_stream")).rejects.toThrow("user-1");
    await world.refuse(new StoreUnavailable("down"));
    await world.refuse(new StoreOverloaded("too many"));
    await world.refuse(new AppendOutcomeUnknown("silence"));
    await world.refuse(new EventTooLarge("user-1", 2, 1));
    const outcomes = ["written", "conflict", "unavailable", "unknown", "rejected"];
    expect(await Promise.all(outcomes.map((outcome) => world.counted(outcome)))).toEqual([1, 1, 2, 1, 1]);
    expect(world.store.appendsUnderWay).toBe(0);
  });

  it("knows how many appends wait for their answer", async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    world.inner.onAppend = async (_stream, _events, write) => {
      await promise;
      return write();
    };
    const appends = [world.append(), world.append()];
    expect(world.store.appendsUnderWay).toBe(2);
    resolve(undefined);
    await Promise.all(appends);
    expect(world.store.appendsUnderWay).toBe(0);
  });

  it.each<[string, Error, string]>([
    ["refuses for lack of room", new StoreFull("SQLITE_FULL /var/lib"), "the event log refuses them, its disk is full"],
    ["refuses", new StoreUnavailable("10.0.0.7 is down"), "the event log refuses them"],
    ["does not answer", new AppendOutcomeUnknown("silence"), "the event log does not answer them"],
  ])(
    "says that the log %s, from the first append that failed to the next that is taken",
    async (_what, error, says) => {
      const world = new World();
      expect(world.store.trouble).toBeNull();
      await world.refuse(error);
      expect(world.store.trouble).toBe(says);
      await world.append();
      expect(world.store.trouble).toBeNull();
    },
  );

  it.each<[number, Error]>([
    [15_000, new StoreFull("full")],
    [5_000, new StoreUnavailable("down")],
    [5_000, new AppendOutcomeUnknown("silence")],
  ])("lets an append try again when none has failed for %i ms", async (lastsMs, error) => {
    const world = new World();
    await world.refuse(error);
    await world.clock.advance(lastsMs - 1);
    await world.refuse(error);
    await world.clock.advance(lastsMs - 1);
    expect(world.store.trouble).not.toBeNull();
    await world.clock.advance(1);
    expect(world.store.trouble).toBeNull();
  });

  it.each([
    ["too many at a time", new StoreOverloaded("the append queue is full")],
    ["an append that is too large", new EventTooLarge("user-1", 2, 1)],
  ])("does not take %s for a trouble of the log", async (_what, error) => {
    const world = new World();
    await world.refuse(error);
    expect(world.store.trouble).toBeNull();
  });

  it("notes where the log's end was, by its own appends and when it is read", async () => {
    const world = new World();
    await world.append();
    await world.clock.advance(5_000);
    expect(world.heads.lagMs(null, world.clock.monotonic())).toBe(5_000);
    await world.inner.append("user-2", [sampleEvent()], "any");
    await world.store.head();
    await world.clock.advance(3_000);
    expect(world.heads.lagMs(positionOf(1), world.clock.monotonic())).toBe(3_000);
  });
});
