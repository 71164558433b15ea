import { describe, expect, it } from "vitest";
import {
  AppendOutcomeUnknown,
  EventTooLarge,
  StoreFull,
  StoreOverloaded,
  StoreUnavailable,
} from "../../../src/events/event-store-errors.ts";
import { positionOf } from "../../../src/events/position.ts";
import { Metrics } from "../../../src/metrics.ts";
import { SeenHeads } from "../../../src/projections/seen-heads.ts";
import { MeasuredEventStore } from "../../../src/storage/measured-event-store.ts";
import { sampleEvent } from "../../fixtures/event-samples.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { figure } from "../../fixtures/prometheus.ts";
import { HookedEventStore } from "../commands/store-doubles.ts";

const LASTS_MS = 15_000;

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

  it("says why appends are refused, from the first refusal to the next append that is taken", async () => {
    const world = new World();
    expect(world.store.refusal).toBeNull();
    await world.refuse(new StoreFull("SQLITE_FULL /var/lib"));
    expect(world.store.refusal).toBe("the event log refuses them, its disk is full");
    await world.refuse(new StoreUnavailable("10.0.0.7 is down"));
    expect(world.store.refusal).toBe("the event log refuses them");
    await world.append();
    expect(world.store.refusal).toBeNull();
  });

  it("lets an append try again after a while in which none was refused", async () => {
    const world = new World();
    await world.refuse(new StoreFull("full"));
    await world.clock.advance(LASTS_MS - 1);
    await world.refuse(new StoreFull("full"));
    await world.clock.advance(LASTS_MS - 1);
    expect(world.store.refusal).not.toBeNull();
    await world.clock.advance(1);
    expect(world.store.refusal).toBeNull();
  });

  it.each([
    ["too many at a time", new StoreOverloaded("the append queue is full")],
    ["an outcome that stays open", new AppendOutcomeUnknown("silence")],
    ["an append that is too large", new EventTooLarge("user-1", 2, 1)],
  ])("does not take %s for a refusal", async (_what, error) => {
    const world = new World();
    await world.refuse(error);
    expect(world.store.refusal).toBeNull();
  });

  it("notes where the log's end was, by its own appends and when somebody asks for it", async () => {
    const world = new World();
    await world.append();
    await world.clock.advance(5_000);
    expect(world.heads.msBehind(null, world.clock.now())).toBe(5_000);
    await world.inner.append("user-2", [sampleEvent()], "any");
    await world.store.head();
    await world.clock.advance(3_000);
    expect(world.heads.msBehind(positionOf(1), world.clock.now())).toBe(3_000);
  });
});
