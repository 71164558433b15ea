import { afterEach, describe, expect, it } from "vitest";
import { appendBytes } from "../../src/events/store/append/append-size.ts";
import { MAX_APPEND_BYTES } from "../../src/events/store/event-store.ts";
import type { EventStore, EventToAppend } from "../../src/events/store/event-store.ts";
import { EventTooLarge } from "../../src/events/store/event-store-errors.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf, expectError, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import { withMethods } from "./replaced-methods.ts";

/** The largest MAX_PAYLOAD_BYTES. */
const LARGEST_PAYLOAD = 491_520;

/** A payload of so many bytes, of which all but four take two in the JSON of the event. */
function escapedPayload(bytes: number): string {
  return `{"a":"${"\\".repeat(bytes - 8)}"}`;
}

let gateway: Gateway;
afterEach(() => gateway.stop());

describe("a dispatch that the event log does not take", () => {
  it.each([20_000, MAX_APPEND_BYTES])(
    "is refused with the log's limit of %i bytes, and disturbs no other",
    async (limit) => {
      const inner = memoryStorage(standingClock);
      const store: Partial<EventStore> = {
        append: (stream, events, expected) => {
          const bytes = events.reduce((sum, event) => sum + appendBytes(event), 0);
          if (bytes > 20_000) return Promise.reject(new EventTooLarge(stream, bytes, limit));
          return inner.store.append(stream, events, expected);
        },
      };
      const storage = { ...inner, store: withMethods(inner.store, store) };
      gateway = await startTestGateway({ clock: standingClock, deliver: false, storage });
      const key = await newUser(gateway);
      const endpoint = await newEndpoint(gateway, key);
      const dispatch = (payload: string) =>
        ask(gateway, "POST /v1/dispatch", {
          key,
          body: dispatchOf(endpoint, payload),
          headers: { "idempotency-key": "order-1" },
        });

      const [refused, other] = await Promise.all([
        dispatch(`{"a":"${"x".repeat(20_000)}"}`),
        newDelivery(gateway, key, endpoint),
      ]);
      expectError(refused, 413, "Payload too large", [`the event log takes appends of at most ${limit} bytes`]);
      expect((await dispatch('{"smaller":true}')).status).toBe(202);
      const { data } = (await ask(gateway, "GET /v1/deliveries", { key })).json() as { data: { id: string }[] };
      expect(data).toHaveLength(2);
      expect(data.map(({ id }) => id)).toContain(other);
    },
  );
});

describe("the largest payload that may be configured", () => {
  it("fits into the log with all of it escaped, and leaves room for what is written beside it", async () => {
    const appended: EventToAppend[] = [];
    const inner = memoryStorage(standingClock);
    const store: Partial<EventStore> = {
      append: (stream, events, expected) => {
        appended.push(...events);
        return inner.store.append(stream, events, expected);
      },
    };
    const storage = { ...inner, store: withMethods(inner.store, store) };
    const env = { MAX_PAYLOAD_BYTES: String(LARGEST_PAYLOAD) };
    gateway = await startTestGateway({ clock: standingClock, deliver: false, storage, env });
    const key = await newUser(gateway);
    await newDelivery(gateway, key, await newEndpoint(gateway, key), escapedPayload(LARGEST_PAYLOAD));
    const bytes = appendBytes(appended.at(-1)!);
    expect(bytes).toBeGreaterThan(2 * LARGEST_PAYLOAD);
    expect(bytes).toBeLessThan(MAX_APPEND_BYTES - 32_768);
  });
});
