import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { keepingLogger } from "../fixtures/log-lines.ts";
import { startTestGateway, TEST_STAFF_KEYS } from "../fixtures/gateway/test-gateway.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { NOW, ask, expectBroken, expectError, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly reference: string | null;
}

interface List {
  readonly data: readonly Shown[];
  readonly next_cursor: string | null;
}

describe("a client's reference", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
  });
  afterAll(() => gateway.stop());

  function dispatch(fields: object, headers: Readonly<Record<string, string>> = {}, as = key): Promise<Reply> {
    return ask(gateway, "POST /v1/dispatch", {
      key: as,
      body: { endpoint_id: endpoint, payload: { a: 1 }, ...fields },
      headers,
    });
  }

  async function accepted(...sent: Parameters<typeof dispatch>): Promise<string> {
    const reply = await dispatch(...sent);
    expect(reply.status).toBe(202);
    return String(reply.headers["x-delivery-id"]);
  }

  async function shown(path: string, as = key): Promise<Shown> {
    return (await ask(gateway, `GET ${path}`, { key: as })).json() as Shown;
  }

  /** The header's value as Node gives the bytes of this text. */
  const bytes = (text: string): string => Buffer.from(text).toString("latin1");

  it("is taken from the body or from the header, and is null without one", async () => {
    const text = "注文 42\u0000\n😀";
    expect(await shown(`/v1/deliveries/${await accepted({ reference: text })}`)).toMatchObject({ reference: text });
    const inHeader = await accepted({}, { "webhook-reference": bytes("Größe 42") });
    expect(await shown(`/v1/deliveries/${inHeader}`)).toMatchObject({ reference: "Größe 42" });
    const both = await accepted({ reference: "Größe" }, { "Webhook-Reference": bytes("Größe") });
    expect(await shown(`/v1/deliveries/${both}`)).toMatchObject({ reference: "Größe" });
    for (const fields of [{}, { reference: null }]) {
      expect(await shown(`/v1/deliveries/${await accepted(fields)}`)).toMatchObject({ reference: null });
    }
  });

  it("is refused when it breaks a rule, or when body and header differ", async () => {
    const length = "reference must be between 1 and 128 characters";
    expectBroken(await dispatch({ reference: "" }), length);
    expectBroken(await dispatch({ reference: "a".repeat(129) }), length);
    expectBroken(await dispatch({ reference: 42 }), "reference must be a string");
    expectBroken(await dispatch({ reference: "\ud800" }), "reference must be well-formed Unicode");
    expectBroken(
      await dispatch({ reference: "", payload: {}, endpoint_id: 0, more: 1 }),
      "endpoint_id must be greater than 0",
      "payload must not be empty",
      length,
      'unknown field "more"',
    );
    const differ = "reference and Webhook-Reference must not differ";
    expectBroken(await dispatch({ reference: "a" }, { "webhook-reference": "b" }), differ);
    expectBroken(await dispatch({}, { "webhook-reference": "\xff" }), "Webhook-Reference must be in UTF-8");
  });

  it("is a part of what an Idempotency-Key stands for", async () => {
    const once = { "idempotency-key": "once" };
    const id = await accepted({ reference: "a" }, once);
    expect(await accepted({ reference: "a" }, once)).toBe(id);
    expect(await accepted({}, { ...once, "webhook-reference": "a" })).toBe(id);
    for (const other of [{ reference: "b" }, { reference: "A" }, {}]) {
      const reply = await dispatch(other, once);
      expectError(reply, 422, "Idempotency-Key was already used for another request");
    }
    const unnamed = await accepted({}, { "idempotency-key": "unnamed" });
    expect(await accepted({ reference: null }, { "idempotency-key": "unnamed" })).toBe(unnamed);
  });

  it("finds the user's own deliveries by exact match, newest first, together with the other filters", async () => {
    const other = await newUser(gateway);
    const others = await newEndpoint(gateway, other);
    await accepted({ endpoint_id: others, reference: "same" }, {}, other);
    const second = await newEndpoint(gateway, key, "https://example.com/second");
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      ids.push(await accepted({ reference: "same", ...(n === 3 && { endpoint_id: second }) }));
      await accepted({ reference: n % 2 === 0 ? "Same" : "same " });
    }
    const list = async (query: string): Promise<List> => (await shown(`/v1/deliveries?${query}`)) as unknown as List;
    const found = async (query: string): Promise<string[]> => (await list(query)).data.map(({ id }) => id);
    expect((await found("reference=same")).toSorted()).toEqual(ids.toSorted());
    expect(await found(`reference=same&endpoint_id=${second}&status=PENDING&from=${NOW}`)).toEqual([ids[3]]);
    expect(await found("reference=same&status=FAILED")).toEqual([]);
    expect(await found(`reference=same&to=${NOW}`)).toEqual([]);
    expect(await found("reference=sam")).toEqual([]);
    expect(await found("reference=same%20")).toHaveLength(2);
    expect((await found("reference=&limit=100")).length).toBeGreaterThan(10);

    const seen: string[] = [];
    for (let cursor = ""; ;) {
      const { data, next_cursor } = await list(`reference=same&limit=2${cursor}`);
      seen.push(...data.map(({ id }) => id));
      if (next_cursor === null) break;
      cursor = `&cursor=${next_cursor}`;
      expectBroken(
        await ask(gateway, `GET /v1/deliveries?reference=Same${cursor}`, { key }),
        "cursor must be the next_cursor of an earlier page with the same filters",
      );
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expectBroken(
      await ask(gateway, `GET /v1/deliveries?reference=${"a".repeat(129)}`, { key }),
      "reference must be between 1 and 128 characters",
    );
  });

  it("is in the delivery's past, in its events, and in what auditors read", async () => {
    const id = await accepted({ reference: "told" });
    expect(await shown(`/v1/deliveries/${id}?at=${NOW}`)).toMatchObject({ reference: "told" });
    const told = { data: [{ data: { reference: "told" }, state_after: { reference: "told" } }] };
    expect(await shown(`/v1/deliveries/${id}/events`)).toMatchObject(told);
    const { auditor } = TEST_STAFF_KEYS;
    expect(await shown(`/v1/audit/deliveries/${id}`, auditor)).toMatchObject({ reference: "told" });
    expect(await shown(`/v1/audit/deliveries/${id}/events`, auditor)).toMatchObject(told);
    const events = await ask(gateway, `GET /v1/audit/events?stream=delivery-${id}`, { key: auditor });
    expect(JSON.parse(events.text)).toMatchObject({ data: { reference: "told" }, metadata: { schemaVersion: 2 } });
  });
});

describe("a delivery with a reference", () => {
  const REFERENCE = "never-sent-5f0c";
  let receiver: Receiver;
  let gateway: Gateway;
  const { logger, lines } = keepingLogger();
  beforeAll(async () => {
    receiver = await startReceiver(respondWith(500));
    const env = { DELIVERY_ALLOW_CIDRS: "127.0.0.2/32", RETRY_UNIT_SECONDS: "0.001", RETRY_TICK_SECONDS: "0.01" };
    gateway = await startTestGateway({ env, logger });
  });
  afterAll(async () => {
    await gateway.stop();
    await receiver.close();
  });

  it("has it in its log lines, and nothing of it is sent to the receiver", async () => {
    const key = await newUser(gateway);
    const endpoint = await newEndpoint(gateway, key, receiver.url());
    const send = async (fields: object, headers = {}): Promise<string> => {
      const body = { endpoint_id: endpoint, payload: { a: 1 }, ...fields };
      const reply = await ask(gateway, "POST /v1/dispatch", { key, body, headers });
      return String(reply.headers["x-delivery-id"]);
    };
    const named = [await send({ reference: REFERENCE }), await send({}, { "webhook-reference": REFERENCE })];
    const unnamed = await send({});
    const of = (id: string, text: string) => lines.filter(({ delivery, msg }) => delivery === id && msg === text);
    await vi.waitFor(() => {
      for (const id of [...named, unnamed]) expect(of(id, "attempt")).toHaveLength(5);
    }, 20_000);
    for (const id of named) {
      for (const line of [...of(id, "dispatch"), ...of(id, "attempt")]) expect(line["reference"]).toBe(REFERENCE);
    }
    for (const line of [...of(unnamed, "dispatch"), ...of(unnamed, "attempt")]) {
      expect(line).not.toHaveProperty("reference");
    }
    expect(receiver.requests).toHaveLength(15);
    for (const { path, headerLines, body } of receiver.requests) {
      const sent = [path, ...headerLines, body.toString()].join("\n");
      expect(sent).not.toContain(REFERENCE);
      expect(sent).not.toMatch(/reference/i);
    }
  });
});
