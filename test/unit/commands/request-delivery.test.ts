import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  decideRequestDelivery,
  idempotentDeliveryId,
  requestDelivery,
  wasRequested,
} from "../../../src/commands/request-delivery.ts";
import type { RequestDelivery } from "../../../src/commands/request-delivery.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import type { EventStore } from "../../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, EventTooLarge, StoreUnavailable } from "../../../src/events/store/event-store-errors.ts";
import { sampleEvent } from "../../fixtures/event-log/event-samples.ts";
import { eventsOfType, newContext, newStore, NOON, outcomesOf, times } from "../../fixtures/event-log/store-doubles.ts";
import { decider } from "../../specification/decider.ts";
import { at, canceled, requested } from "../../specification/delivery-story.ts";

const { deliveryId, userId, endpointId, payload: PAYLOAD, payloadBytes, payloadSha256 } = requested().data;
const DISPATCH = { deliveryId, userId, endpointId, payload: PAYLOAD, payloadBytes, payloadSha256, reference: null };

function request(store: EventStore, changes: Partial<RequestDelivery> = {}) {
  return requestDelivery(store, { ...DISPATCH, now: NOON, ...changes }, newContext());
}

describe("requesting a delivery", () => {
  const given = decider(evolveDelivery, decideRequestDelivery);

  it("decides the promise, with the payload as it was written", () => {
    given()
      .when({ ...DISPATCH, now: NOON })
      .then(requested());
  });

  it("is nothing new when the same was requested before, whatever came of it", () => {
    const again = { ...DISPATCH, now: at(3_600) };
    given(requested()).when(again).thenNothing();
    given(requested(), canceled(1)).when(again).thenNothing();
  });

  it("is refused under an id that was used for another endpoint, payload or reference", () => {
    const other = { ...DISPATCH, now: at(1) };
    const named = { ...requested(), data: { ...requested().data, reference: "order 42" } };
    given(named)
      .when({ ...other, reference: "order 42" })
      .thenNothing();
    expect(() => given(named).when(other)).toThrow("idempotency_key_reused");
    expect(() => given(named).when({ ...other, reference: "order 43" })).toThrow("idempotency_key_reused");
    expect(() => given(requested()).when({ ...other, endpointId: 8 })).toThrow("idempotency_key_reused");
    expect(() => given(requested()).when({ ...other, payloadSha256: "f".repeat(64) })).toThrow(
      "idempotency_key_reused",
    );
  });

  it("accepts with one append and no read", async () => {
    const store = newStore();
    let reads = 0;
    const counting = {
      append: store.append.bind(store),
      read: () => {
        reads++;
        return Promise.resolve([]);
      },
    } as unknown as EventStore;
    const accepted = await request(counting);
    const [event] = await store.read(`delivery-${DISPATCH.deliveryId}`);
    expect(accepted).toMatchObject({ kind: "accepted", eventId: event?.id, revision: event?.revision });
    expect(store.appends).toHaveLength(1);
    expect(reads).toBe(0);
  });

  it("keeps the payload to the byte", async () => {
    const store = newStore();
    const payload = '{ "n": 1.0000000000000000001, "n": 2, "e": "\\u00e9é\\ud83d", "z": 1e400 }';
    await request(store, { payload });
    expect(await store.read(`delivery-${DISPATCH.deliveryId}`)).toMatchObject([{ data: { payload } }]);
  });

  it("accepts one of 50 at once with the same id, and tells the others that it was asked before", async () => {
    const store = newStore();
    const { done } = await outcomesOf(times(50, () => request(store)));
    const kinds = done.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "replayed")).toHaveLength(49);
    expect(await eventsOfType(store, "DeliveryRequested")).toHaveLength(1);
  });

  it.each([
    ["payload", { payloadSha256: "f".repeat(64) }],
    ["endpoint", { endpointId: 8 }],
    ["reference", { reference: "order 42" }],
  ])("refuses the same id with another %s", async (_what, changes) => {
    const store = newStore();
    await request(store);
    await expect(request(store, changes)).rejects.toThrow("idempotency_key_reused");
    expect(await eventsOfType(store, "DeliveryRequested")).toHaveLength(1);
  });

  it("knows again what was requested before there were references, and refuses one for it", async () => {
    const store = newStore();
    const { reference, ...data } = requested().data;
    const { metadata } = sampleEvent();
    const old = sampleEvent({ type: "DeliveryRequested", data, metadata: { ...metadata, schemaVersion: 1 } });
    await store.append(`delivery-${DISPATCH.deliveryId}`, [old], "no_stream");
    await expect(request(store, { reference })).resolves.toEqual({ kind: "replayed" });
    await expect(request(store, { reference: "order 42" })).rejects.toThrow("idempotency_key_reused");
  });

  it("accepts once when the answer of the log was lost", async () => {
    const store = newStore();
    store.onAppend = async (_stream, _events, write) => {
      const result = await write();
      if (store.appends.length === 1) throw new AppendOutcomeUnknown("the connection broke");
      return result;
    };
    await expect(request(store)).resolves.toMatchObject({ kind: "accepted" });
    expect(await eventsOfType(store, "DeliveryRequested")).toHaveLength(1);
  });

  it("promises nothing when the log cannot take it", async () => {
    const store = newStore();
    store.onAppend = () => Promise.reject(new StoreUnavailable("the disk is full"));
    await expect(request(store)).rejects.toThrow(StoreUnavailable);
    await expect(request(newStore(), { payload: "x".repeat(1024 * 1024) })).rejects.toThrow(EventTooLarge);
  });
});

describe("asking whether a delivery was requested", () => {
  const now = at(3_600);

  it("is answered by the first event of its stream, with no append", async () => {
    const store = newStore();
    expect(await wasRequested(store, { ...DISPATCH, now })).toBe(false);
    await request(store);
    expect(await wasRequested(store, { ...DISPATCH, now })).toBe(true);
    expect(store.appends).toHaveLength(1);
  });

  it.each([
    ["payload", { payloadSha256: "f".repeat(64) }],
    ["endpoint", { endpointId: 8 }],
    ["reference", { reference: "order 42" }],
  ])("is refused with another %s", async (_what, changes) => {
    const store = newStore();
    await request(store);
    await expect(wasRequested(store, { ...DISPATCH, now, ...changes })).rejects.toThrow("idempotency_key_reused");
  });
});

describe("the delivery id of an Idempotency-Key", () => {
  it("is the same each time, and another for every user and key", () => {
    const id = idempotentDeliveryId(3, "order-1");
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idempotentDeliveryId(3, "order-1")).toBe(id);
    const others = [idempotentDeliveryId(4, "order-1"), idempotentDeliveryId(3, "Order-1"), randomUUID()];
    expect(new Set([id, ...others]).size).toBe(4);
  });

  it("does not change between versions, since clients repeat their keys across a restart", () => {
    expect(idempotentDeliveryId(1, "a")).toBe("f5f8291e-478d-5e5e-ad1a-5f77571caf42");
    expect(idempotentDeliveryId(1, "1:a")).not.toBe(idempotentDeliveryId(11, ":a"));
  });
});
