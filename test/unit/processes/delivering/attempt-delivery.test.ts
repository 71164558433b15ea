import { describe, expect, it } from "vitest";
import { loadStream } from "../../../../src/commands/handling/command-handler.ts";
import { evolveDelivery } from "../../../../src/events/delivery.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import { attemptDelivery } from "../../../../src/processes/delivering/attempt-delivery.ts";
import { endpointInLog, tell } from "../../../fixtures/processes/endpoint-in-log.ts";
import { blackHole, delivered, notSent, refusedWith } from "../../../fixtures/processes/fake-sender.ts";
import { DELIVERY_ID, RECEIVER_URL } from "../../../specification/delivery-story.ts";
import { updated } from "../../../specification/endpoint-story.ts";
import { LEASE_MS, newAttempts, STREAM, TIMEOUT_MS } from "./attempt-world.ts";

describe("an attempt", () => {
  it("is claimed before it is sent, and recorded after", async () => {
    const { steps, attempt, sender, state } = await newAttempts();
    const sent = () => steps.push("receiver is free");
    await expect(attempt(sent)).resolves.toMatchObject({
      kind: "attempted",
      event: { data: { outcome: "delivered" } },
    });
    expect(steps).toEqual(["DeliveryAttemptStarted", "send", "receiver is free", "DeliveryAttempted"]);
    expect(sender.sent).toMatchObject([
      { deliveryId: DELIVERY_ID, endpointId: 7, url: RECEIVER_URL, body: '{"order": 1}', attempt: 1 },
    ]);
    expect(await state()).toMatchObject({ status: "SUCCESS", attempts: 1 });
  });

  it("needs no reading of the stream when the delivery is known from its acceptance", async () => {
    const { store, deps, steps, abort } = await newAttempts();
    const known = await loadStream(store, STREAM, evolveDelivery);
    const endpoint = await endpointInLog(store, 7);
    deps.endpointOf = () => Promise.resolve(endpoint);
    store.read = () => Promise.reject(new Error("the stream was read"));
    const attempted = await attemptDelivery(deps, DELIVERY_ID, known, () => undefined, abort.signal);
    expect(attempted.kind).toBe("attempted");
    expect(steps).toEqual(["DeliveryAttemptStarted", "send", "DeliveryAttempted"]);
  });

  it("belongs to the request that asked for the delivery, each event caused by the one before", async () => {
    const { store, attempt } = await newAttempts();
    await attempt();
    const [first, second, third] = await store.read(STREAM);
    expect([second, third].map((event) => event?.metadata)).toMatchObject([
      { $correlationId: first?.metadata.$correlationId, $causationId: first?.id, actor: "delivery-worker" },
      { $correlationId: first?.metadata.$correlationId, $causationId: second?.id, actor: "delivery-worker" },
    ]);
  });

  it("is recorded with what came back, and when the next is due", async () => {
    const { sender, attempt, clock, state } = await newAttempts();
    sender.answer = () => {
      clock.pass(1_500);
      return refusedWith(503, { retryAfter: "120", durationMs: 1_500 });
    };
    const attempted = await attempt();
    expect(attempted).toMatchObject({
      kind: "attempted",
      event: {
        data: { number: 1, outcome: "failed", errorCode: "http_status", responseStatus: 503, durationMs: 1_500 },
      },
    });
    expect((await state())?.dueAt).toBe(new Date(clock.now() + 120_000).toISOString());
  });

  it("is made by one of two who try at once; the other does not send", async () => {
    const { attempt, sender, types } = await newAttempts();
    const kinds = (await Promise.all([attempt(), attempt(), attempt()])).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(["attempted", "nothing", "nothing"]);
    expect(sender.sent).toHaveLength(1);
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
  });

  it("is not made before it is due, nor after the delivery's end", async () => {
    const { attempt, sender, clock } = await newAttempts();
    sender.answer = () => refusedWith(500);
    await attempt();
    clock.pass(59_999);
    await expect(attempt()).resolves.toEqual({ kind: "nothing" });
    clock.pass(1);
    sender.answer = delivered;
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { number: 2 } } });
    clock.pass(3_600_000);
    await expect(attempt()).resolves.toEqual({ kind: "nothing" });
    expect(sender.sent).toHaveLength(2);
  });

  it("is given back without counting when nothing was sent", async () => {
    const { attempt, sender, state, types } = await newAttempts();
    sender.answer = () => notSent("no file handles");
    await expect(attempt()).resolves.toEqual({ kind: "not_sent", reason: "no file handles", reference: null });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttemptReleased"]);
    expect(await state()).toMatchObject({ status: "PENDING", attempts: 0, underWay: null });
    sender.answer = delivered;
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { number: 1 } } });
  });

  it("has an unknown outcome when it was interrupted, and counts", async () => {
    const { attempt, sender, clock, abort, state } = await newAttempts();
    sender.answer = blackHole(clock);
    const attempted = attempt();
    await clock.until(() => sender.underWay === 1);
    clock.pass(4_000);
    abort.abort();
    await expect(attempted).resolves.toMatchObject({
      kind: "attempted",
      event: { data: { outcome: "unknown", durationMs: 4_000, errorCode: null } },
    });
    expect(await state()).toMatchObject({ status: "PENDING", attempts: 1 });
  });

  it("ends as unknown when its sender vanished, and is not repeated before the schedule says so", async () => {
    const { attempt, sender, clock, state } = await newAttempts();
    sender.answer = () => new Promise(() => undefined);
    void attempt();
    await clock.until(() => sender.underWay === 1);
    sender.answer = delivered;

    clock.pass(LEASE_MS - 1);
    await expect(attempt()).resolves.toEqual({ kind: "nothing" });
    expect(await state()).toMatchObject({ attempts: 0, underWay: { number: 1 } });

    clock.pass(1);
    await expect(attempt()).resolves.toEqual({ kind: "nothing" });
    expect(await state()).toMatchObject({ attempts: 1, underWay: null });
    expect((await state())?.dueAt).toBe(new Date(clock.now() + 60_000).toISOString());

    clock.pass(60_000);
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { number: 2 } } });
  });

  it("comes too late when its claim had lapsed: a zombie's result is refused", async () => {
    const { attempt, sender, clock, state, types } = await newAttempts();
    let answer = (): void => undefined;
    sender.answer = () => new Promise((resolve) => (answer = () => resolve(delivered())));
    const zombie = attempt();
    await clock.until(() => sender.underWay === 1);
    clock.pass(LEASE_MS);
    await attempt();
    answer();
    await expect(zombie).resolves.toEqual({ kind: "too_late", reference: null });
    expect(await state()).toMatchObject({ status: "PENDING", attempts: 1 });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
  });

  it("goes to the place that the endpoint has at that moment, and to none when that is not known", async () => {
    const { attempt, deps, sender, store, types } = await newAttempts();
    const { endpointOf } = deps;
    deps.endpointOf = () => Promise.reject(new Error("the endpoint is not known"));
    await expect(attempt()).rejects.toThrow("the endpoint is not known");
    expect(sender.sent).toEqual([]);
    expect(await types()).toEqual(["DeliveryRequested"]);
    deps.endpointOf = endpointOf;
    await tell(store, updated({ url: "https://moved.example/hook" }, 5));
    await attempt();
    expect(sender.sent).toMatchObject([{ url: "https://moved.example/hook" }]);
  });
});

describe("an attempt during which the wall clock is set", () => {
  const HOUR_MS = 3_600_000;

  it("is not sent when the clock was behind at its claim: for other processes its lease may be over", async () => {
    const { attempt, store, sender, clock, state, types } = await newAttempts();
    let set = false;
    store.onAppend = (_stream, [event], write) => {
      if (event?.type === "DeliveryAttemptStarted" && !set) clock.jump(HOUR_MS);
      set = true;
      return write();
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "not_sent" });
    expect(sender.sent).toEqual([]);
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttemptReleased"]);
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { number: 1 } } });
    expect(await state()).toMatchObject({ status: "SUCCESS", attempts: 1 });
  });

  it("is not sent after its time, though the clock was set back meanwhile", async () => {
    const { attempt, store, sender, clock } = await newAttempts();
    store.onAppend = (_stream, [event], write) => {
      if (event?.type === "DeliveryAttemptStarted") {
        clock.jump(-HOUR_MS);
        clock.pass(LEASE_MS - TIMEOUT_MS - 5_000 + 1);
      }
      return write();
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "not_sent" });
    expect(sender.sent).toEqual([]);
  });

  it("is not repeated for ever when the clock was set back and the log does not confirm its claim", async () => {
    const { attempt, store, sender, clock } = await newAttempts();
    store.onAppend = () => {
      clock.jump(-HOUR_MS);
      clock.pass(4_000);
      return Promise.reject(new AppendOutcomeUnknown("no answer"));
    };
    await expect(attempt()).rejects.toThrow(AppendOutcomeUnknown);
    expect(sender.sent).toEqual([]);
  });

  it.each([HOUR_MS, -HOUR_MS])("counts, and its retry is due after its wait: %i ms", async (stepMs) => {
    const { attempt, sender, clock, state } = await newAttempts();
    sender.answer = () => {
      clock.pass(1_500);
      clock.jump(stepMs);
      return refusedWith(500, { durationMs: 1_500 });
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { durationMs: 1_500 } } });
    expect((await state())?.dueAt).toBe(new Date(clock.now() + 60_000).toISOString());
  });

  it.each([HOUR_MS, -HOUR_MS])("has its real duration when it was interrupted: %i ms", async (stepMs) => {
    const { attempt, sender, clock, abort } = await newAttempts();
    sender.answer = blackHole(clock);
    const attempted = attempt();
    await clock.until(() => sender.underWay === 1);
    clock.pass(4_000);
    clock.jump(stepMs);
    abort.abort();
    await expect(attempted).resolves.toMatchObject({
      kind: "attempted",
      event: { data: { outcome: "unknown", durationMs: 4_000 } },
    });
  });
});

describe("an attempt while the log is in trouble", () => {
  it("is not sent when the log cannot take its claim", async () => {
    const { attempt, store, sender } = await newAttempts();
    store.onAppend = () => Promise.reject(new StoreUnavailable("the log is down"));
    await expect(attempt()).rejects.toThrow(StoreUnavailable);
    expect(sender.sent).toEqual([]);
  });

  it("is not sent when it stays unknown whether the log has its claim until it could outlast its lease", async () => {
    const { attempt, store, sender, clock } = await newAttempts();
    const begunAt = clock.now();
    store.onAppend = () => {
      clock.pass(4_000);
      return Promise.reject(new AppendOutcomeUnknown("no answer"));
    };
    await expect(attempt()).rejects.toThrow(AppendOutcomeUnknown);
    expect(sender.sent).toEqual([]);
    expect(clock.now() - begunAt).toBeLessThan(LEASE_MS);
  });

  it("is sent once it is known that the log has its claim, which was written by the try whose answer was lost", async () => {
    const { attempt, store, sender, clock, types } = await newAttempts();
    let answers = 0;
    store.onAppend = async (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttemptStarted" || ++answers > 2) return write();
      if (answers === 1) await write();
      clock.pass(4_000);
      throw answers === 1 ? new AppendOutcomeUnknown("no answer") : new StoreUnavailable("the log is down");
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { outcome: "delivered" } } });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
    expect(sender.sent).toHaveLength(1);
    const claims = store.appends
      .flatMap(({ events }) => events)
      .filter(({ type }) => type === "DeliveryAttemptStarted");
    expect(claims.length).toBeGreaterThan(2);
    for (const claim of claims) expect(claim).toEqual(claims[0]);
  });

  it("is sent when its claim had not arrived and is written by the repetition", async () => {
    const { attempt, store, sender, clock, types } = await newAttempts();
    let lost = false;
    store.onAppend = (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttemptStarted" || lost) return write();
      lost = true;
      clock.pass(4_000);
      return Promise.reject(new AppendOutcomeUnknown("no answer"));
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted" });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
    expect(sender.sent).toHaveLength(1);
  });

  it("is left to the one that claimed it while it was unknown whether the log has its claim", async () => {
    const { attempt, deps, store, sender, clock, types } = await newAttempts();
    let lost = false;
    store.onAppend = async (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttemptStarted" || lost) return write();
      lost = true;
      const other = attemptDelivery(deps, DELIVERY_ID, null, () => undefined, new AbortController().signal);
      await expect(other).resolves.toMatchObject({ kind: "attempted" });
      clock.pass(4_000);
      throw new AppendOutcomeUnknown("no answer");
    };
    await expect(attempt()).resolves.toEqual({ kind: "nothing" });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
    expect(sender.sent).toHaveLength(1);
  });

  it("is given back when it is known too late for sending that the log has its claim", async () => {
    const { attempt, store, sender, clock, types } = await newAttempts();
    let tries = 0;
    store.onAppend = async (_stream, events, write) => {
      const result = await write();
      if (events[0]?.type !== "DeliveryAttemptStarted") return result;
      clock.pass(++tries === 1 ? 9_999 : 2);
      if (tries === 1) throw new AppendOutcomeUnknown("no answer");
      return result;
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "not_sent" });
    expect(sender.sent).toEqual([]);
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttemptReleased"]);
  });

  it("does not lapse when the log takes its longest for the claim and for the result, however short attempts are", async () => {
    const { attempt, deps, store, sender, clock, types } = await newAttempts();
    deps.timeoutMs = 1_000;
    sender.answer = () => {
      clock.pass(1_000);
      return delivered();
    };
    let others = 0;
    store.onAppend = async (_stream, events, write) => {
      clock.pass(4_000);
      // Just before the log answers, another process looks whether the claim has lapsed.
      if (events[0]?.type === "DeliveryAttempted") {
        others += 1;
        await expect(attempt()).resolves.toEqual({ kind: "nothing" });
      }
      return write();
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { outcome: "delivered" } } });
    expect(others).toBe(1);
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
  });

  it("is not sent when its claim was so long in coming that it could outlast its lease", async () => {
    const { attempt, store, sender, clock, types } = await newAttempts();
    store.onAppend = async (_stream, [event], write) => {
      if (event?.type === "DeliveryAttemptStarted") clock.pass(LEASE_MS - TIMEOUT_MS - 5_000 + 1);
      return write();
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "not_sent" });
    expect(sender.sent).toEqual([]);
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttemptReleased"]);
  });

  it("is recorded as soon as the log takes it again, with the time at which the answer came", async () => {
    const { attempt, store, clock } = await newAttempts();
    const answeredAt = clock.iso;
    let failures = 2;
    store.onAppend = (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttempted" || failures-- === 0) return write();
      clock.pass(5_000);
      return Promise.reject(new StoreUnavailable("the log is down"));
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { endedAt: answeredAt } } });
  });

  it("is recorded once when the answer of the log was lost, and counts as recorded", async () => {
    const { attempt, store, types } = await newAttempts();
    let losses = 5;
    store.onAppend = async (_stream, events, write) => {
      const result = await write();
      if (events[0]?.type === "DeliveryAttempted" && losses-- > 0) throw new AppendOutcomeUnknown("no answer");
      return result;
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { outcome: "delivered" } } });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
  });

  it("is recorded after its lease too, when the log was out of reach for so long that no one closed its claim", async () => {
    const { attempt, store, clock, sender, types } = await newAttempts();
    let failures = 3;
    store.onAppend = (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttempted" || failures-- === 0) return write();
      clock.pass(LEASE_MS);
      return Promise.reject(new StoreUnavailable("the log is down"));
    };
    await expect(attempt()).resolves.toMatchObject({ kind: "attempted", event: { data: { outcome: "delivered" } } });
    expect(await types()).toEqual(["DeliveryRequested", "DeliveryAttemptStarted", "DeliveryAttempted"]);
    expect(sender.sent).toHaveLength(1);
  });

  it("is given up when the process has to stop before the log takes its result, and will be unknown", async () => {
    const { attempt, abort, store, clock, sender, state } = await newAttempts();
    store.onAppend = (_stream, events, write) => {
      if (events[0]?.type !== "DeliveryAttempted") return write();
      abort.abort();
      return Promise.reject(new StoreUnavailable("the log is down"));
    };
    await expect(attempt()).rejects.toThrow();
    store.onAppend = (_stream, _events, write) => write();
    clock.pass(LEASE_MS);
    await attempt();
    expect(await state()).toMatchObject({ status: "PENDING", attempts: 1, underWay: null });
    expect(sender.sent).toHaveLength(1);
  });
});
