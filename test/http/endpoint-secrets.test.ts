import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsToAppend } from "../../src/commands/handling/command-context.ts";
import { endpointStream } from "../../src/events/endpoint.ts";
import type { EndpointLifeEvent } from "../../src/events/endpoint.ts";
import { userStream } from "../../src/events/user.ts";
import type { Gateway } from "../../src/gateway.ts";
import { apiKeyDigest } from "../../src/http/access/authentication.ts";
import { EndpointVault } from "../../src/processes/sending/signing/endpoint-vault.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { newContext } from "../fixtures/event-log/store-doubles.ts";
import { TEST_SECRETS, TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { at } from "../specification/delivery-story.ts";
import { deleted, registered } from "../specification/endpoint-story.ts";
import { NOW, ask, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const SECRET = /^\{"secret":"whsec_[\w+/]{43}="\}$/;

describe("an endpoint's secret", () => {
  let msAfterNow = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.parse(NOW) + msAfterNow,
  };
  let gateway: Gateway;
  let key: string;
  let endpoints = 0;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  const another = (): Promise<number> => newEndpoint(gateway, key, `https://example.com/${(endpoints += 1)}`);
  const get = (id: number | string, question: Question = { key }): Promise<Reply> =>
    ask(gateway, `GET /v1/endpoints/${id}/secret`, question);
  const rotate = (id: number | string, question: Question = { key }): Promise<Reply> =>
    ask(gateway, `POST /v1/endpoints/${id}/secret/rotate`, question);
  const secretOf = (reply: Reply): string => (reply.json() as { secret: string }).secret;
  const after = (seconds: number): string => new Date(Date.parse(NOW) + seconds * 1_000).toISOString();

  it("is shown to its owner, the same each time, and never kept by anybody between", async () => {
    const id = await another();
    const reply = await get(id);
    expect(reply.text).toMatch(SECRET);
    expect(reply.headers["cache-control"]).toBe("no-store");
    expect((await get(id)).text).toBe(reply.text);
    expect(secretOf(await get(await another()))).not.toBe(secretOf(reply));
  });

  it("is another after a rotation, with a day of overlap unless told otherwise", async () => {
    for (const question of [
      {},
      { body: {} },
      { body: { overlap_seconds: null } },
      { body: "" },
      { headers: { "content-type": "application/json" } },
      { body: '{"overlap_seconds":86400}' },
      { body: '{"overlap_seconds":864e2}' },
    ]) {
      const id = await another();
      const before = secretOf(await get(id));
      const reply = await rotate(id, { key, ...question });
      expect(reply.text).toBe(
        `{"secret":"${secretOf(reply)}","previous_secret_expires_at":"2026-02-01T12:00:00.000Z"}`,
      );
      expect(reply.headers["cache-control"]).toBe("no-store");
      expect(secretOf(reply)).not.toBe(before);
      expect((await get(id)).text).toBe(reply.text);
    }
  });

  it("is shown with the end of the overlap as long as it lasts", async () => {
    const id = await another();
    const secret = secretOf(await rotate(id, { key, body: { overlap_seconds: 604_800 } }));
    msAfterNow = 604_800_000 - 1;
    expect((await get(id)).json()).toEqual({ secret, previous_secret_expires_at: after(604_800) });
    msAfterNow = 604_800_000;
    expect((await get(id)).json()).toEqual({ secret });
    msAfterNow = 0;
  });

  it("ends at once without an overlap, and the reply says so", async () => {
    const id = await another();
    const reply = await rotate(id, { key, body: { overlap_seconds: 0 } });
    expect(reply.json()).toEqual({ secret: secretOf(reply), previous_secret_expires_at: NOW });
    expect((await get(id)).json()).toEqual({ secret: secretOf(reply) });
  });

  it("is rotated again during an overlap, which starts over", async () => {
    const id = await another();
    const first = await rotate(id, { key, body: { overlap_seconds: 604_800 } });
    const second = await rotate(id, { key, body: { overlap_seconds: 60 } });
    expect(secretOf(second)).not.toBe(secretOf(first));
    expect((await get(id)).json()).toEqual({ secret: secretOf(second), previous_secret_expires_at: after(60) });
  });

  it("is rotated by each of two at a time, and both replies were true", async () => {
    const id = await another();
    const replies = await Promise.all([rotate(id), rotate(id), rotate(id)]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(replies.map(secretOf)).size).toBe(3);
    expect(replies.map(secretOf)).toContain(secretOf(await get(id)));
  });

  it.each([
    ['{"overlap_seconds":-1}', "overlap_seconds must be between 0 and 604800"],
    ['{"overlap_seconds":604801}', "overlap_seconds must be between 0 and 604800"],
    ['{"overlap_seconds":1e300}', "overlap_seconds must be between 0 and 604800"],
    ['{"overlap_seconds":1.5}', "overlap_seconds must be an integer"],
    ['{"overlap_seconds":"60"}', "overlap_seconds must be an integer"],
    ['{"overlap_seconds":true}', "overlap_seconds must be an integer"],
    ['{"overlap_seconds":[]}', "overlap_seconds must be an integer"],
    ['{"overlap":60}', 'unknown field "overlap"'],
    [
      '{"overlap_seconds":-1,"secret":"mine"}',
      "overlap_seconds must be between 0 and 604800",
      'unknown field "secret"',
    ],
    ["[]", "body must be a JSON object"],
    ["null", "body must be a JSON object"],
    ["60", "body must be a JSON object"],
    ["{", "body must be valid JSON"],
  ])("is not rotated with the body %s", async (body, ...errors) => {
    const id = await another();
    const before = await get(id);
    expectBroken(await rotate(id, { key, body }), ...errors);
    expect((await get(id)).text).toBe(before.text);
  });

  it("is not rotated with a body that is not JSON", async () => {
    const headers = { "content-type": "text/plain" };
    expect((await rotate(await another(), { key, body: "overlap_seconds=1", headers })).status).toBe(415);
  });

  it("is nobody else's", async () => {
    const id = await another();
    const stranger = await newUser(gateway);
    for (const asked of [get, rotate]) {
      expectError(await asked(id, { key: stranger }), 403, "Endpoint access denied");
      expectError(await asked(9_999, { key }), 404, "Endpoint with id 9999 not found");
      for (const odd of ["0", "-1", "01", "1.0", "one", "9".repeat(20)]) {
        expectError(await asked(odd, { key }), 404, "Endpoint not found");
      }
      expectError(await asked(id, {}), 400, "Missing or invalid API key");
      for (const staff of Object.values(TEST_STAFF_KEYS)) {
        expectError(await asked(id, { key: staff }), 403, "This API key is not for this route");
      }
    }
    expect((await get(id)).text).toMatch(SECRET);
  });
});

describe("the secret of an endpoint that the log tells of", () => {
  const OWN_KEY = "11111111-1111-4111-8111-111111111111";
  const vault = new EndpointVault(TEST_SECRETS);
  const stories: Readonly<Record<number, readonly EndpointLifeEvent[]>> = {
    1: [registered({ endpointId: 1, userId: 1, sealedKeys: vault.newKeys(1), ed25519: true })],
    2: [registered({ endpointId: 2, userId: 1, sealedKeys: null })],
    3: [registered({ endpointId: 3, userId: 1, sealedKeys: vault.newKeys(1) })],
    4: [registered({ endpointId: 4, userId: 1 }), { ...deleted(5), data: { ...deleted(5).data, endpointId: 4 } }],
  };
  let gateway: Gateway;
  let storage: Storage;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    const user = { userId: 1, username: "alice", email: null, apiKeyDigest: apiKeyDigest(OWN_KEY), createdAt: at(0) };
    const created = eventsToAppend([{ type: "UserCreated", data: user }], newContext());
    await storage.store.append(userStream(1), created, "no_stream");
    for (const [id, events] of Object.entries(stories)) {
      await storage.store.append(endpointStream(Number(id)), eventsToAppend(events, newContext()), "no_stream");
    }
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
  });
  afterAll(() => gateway.stop());

  const get = (id: number): Promise<Reply> => ask(gateway, `GET /v1/endpoints/${id}/secret`, { key: OWN_KEY });
  const rotate = (id: number): Promise<Reply> =>
    ask(gateway, `POST /v1/endpoints/${id}/secret/rotate`, { key: OWN_KEY });

  it("comes with the public key where ed25519 is switched on, which is another after a rotation", async () => {
    const { secretText: secret, publicKeyText: public_key } = vault.keysOf(1, sealedKeysOf(stories[1]));
    expect((await get(1)).text).toBe(JSON.stringify({ secret, public_key }));
    const rotated = (await rotate(1)).json() as Record<string, string>;
    expect(Object.keys(rotated)).toEqual(["secret", "previous_secret_expires_at", "public_key"]);
    expect(rotated["public_key"]).not.toBe(public_key);
    expect((await get(1)).json()).toEqual(rotated);
  });

  it("follows from the master key where it was registered before there were any, until it is rotated", async () => {
    const secret = vault.keysOf(2, null).secretText;
    expect((await get(2)).json()).toEqual({ secret });
    const rotated = (await rotate(2)).json() as Record<string, string>;
    expect(rotated["secret"]).not.toBe(secret);
    expect((await get(2)).json()).toEqual(rotated);
  });

  it("is an error that says nothing where it was sealed for another endpoint", async () => {
    expectError(await get(3), 500, "An unexpected error occurred");
    expect((await rotate(3)).status).toBe(200);
    expect((await get(3)).status).toBe(200);
  });

  it("is gone with the endpoint", async () => {
    for (const reply of [await get(4), await rotate(4)]) expectError(reply, 404, "Endpoint with id 4 not found");
  });

  it("is in no event as it is", async () => {
    const shown = await Promise.all([1, 2, 3].map(get));
    const secrets = shown.map((reply) => (reply.json() as { secret: string }).secret.slice("whsec_".length));
    let events = 0;
    for await (const event of storage.store.readAll()) {
      events += 1;
      for (const secret of secrets) expect(JSON.stringify(event)).not.toContain(secret);
    }
    expect(events).toBeGreaterThan(5);
  });
});

function sealedKeysOf(events: readonly EndpointLifeEvent[] = []): string | null {
  const [first] = events;
  return first?.type === "EndpointRegistered" ? first.data.sealedKeys : null;
}
