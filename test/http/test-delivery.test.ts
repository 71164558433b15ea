import { afterEach, describe, expect, it } from "vitest";
import { eventsToAppend } from "../../src/commands/handling/command-context.ts";
import { endpointStream } from "../../src/events/endpoint.ts";
import type { Gateway } from "../../src/gateway.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { registered } from "../specification/endpoint-story.ts";
import { NOW, ask, dispatchOf, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

describe("a test delivery", () => {
  let gateway: Gateway;
  afterEach(() => gateway.stop());

  const send = (key: string, id: number): Promise<Reply> => ask(gateway, `POST /v1/endpoints/${id}/test`, { key });

  it("is accepted as a dispatch is, with a payload that says what it is", async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    const [one, another] = [await send(key, id), await send(key, id)];
    expect([one.status, another.status]).toEqual([202, 202]);
    const delivery = String(one.headers["x-delivery-id"]);
    expect(another.headers["x-delivery-id"]).not.toBe(delivery);
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}/payload`, { key })).text).toBe(
      `{"type":"endpoint.test","timestamp":"${NOW}","data":{"endpoint_id":${id}}}`,
    );
    expect((await ask(gateway, `GET /v1/deliveries/${delivery}`, { key })).json()).toMatchObject({
      endpoint_id: id,
      status: "PENDING",
    });
  });

  it("is not sent to an endpoint that is disabled, until it is enabled again", async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    await ask(gateway, `POST /v1/endpoints/${id}/disable`, { key });
    expectError(await send(key, id), 409, "Endpoint is disabled");
    expect((await ask(gateway, "GET /v1/deliveries", { key })).text).toBe('{"data":[],"next_cursor":null}');
    await ask(gateway, `POST /v1/endpoints/${id}/enable`, { key });
    expect((await send(key, id)).status).toBe(202);
  });

  it("is not sent to an address that may no longer be a target", async () => {
    const storage = memoryStorage(standingClock);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
    const key = await newUser(gateway);
    // Registered when DELIVERY_ALLOW_CIDRS still opened it.
    const events = [registered({ endpointId: 7, userId: 1, url: "http://127.0.0.2:8081/hook" })];
    await storage.store.append(endpointStream(7), eventsToAppend(events, newContext()), "no_stream");
    expectBroken(await send(key, 7), "url must not point to a local address");
  });

  it("counts to what a user may send in a second, together with every dispatch", async () => {
    const clock = new FakeClock();
    gateway = await startTestGateway({ clock, deliver: false, env: { DISPATCHES_PER_SECOND: "2" } });
    const key = await newUser(gateway);
    const id = await newEndpoint(gateway, key);
    expect((await send(key, id)).status).toBe(202);
    expect((await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(id, '{"a":1}') })).status).toBe(202);
    expect((await send(key, id)).status).toBe(429);
    await clock.advance(1_000);
    expect((await send(key, id)).status).toBe(202);
  });
});
