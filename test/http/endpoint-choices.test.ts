import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, expectBroken, expectError, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

const WAITS = "retry_schedule must be a list of at most 20 whole numbers of seconds";
const WAIT = "retry_schedule must have waits between 1 and 604800 seconds";
const CONCURRENCY = "max_concurrency must be between 1 and 100";
const VALUE = "must have a value of 1 to 1024 printable ASCII characters, without blanks around them";

describe("what is chosen for an endpoint", () => {
  let gateway: Gateway;
  let storage: Storage;
  let key: string;
  let registered = 0;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  /** Registers with these choices. */
  function register(choices: object): Promise<Reply> {
    const url = `https://example.com/${(registered += 1)}`;
    return ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "orders", ...choices } });
  }

  const idOf = (reply: Reply): number => (reply.json() as { id: number }).id;
  const get = (id: number): Promise<Reply> => ask(gateway, `GET /v1/endpoints/${id}`, { key });
  const patch = (id: number, body: unknown): Promise<Reply> => ask(gateway, `PATCH /v1/endpoints/${id}`, { key, body });

  const CHOSEN = {
    retry_schedule: [1, 604_800],
    max_concurrency: 100,
    headers: { "X-Tenant": "7", authorization: "Bearer s3cr3t-of-the-receiver" },
    ed25519: true,
  };
  const UNCHOSEN = { retry_schedule: [60, 120, 240, 480], max_concurrency: 5, headers: {}, ed25519: false };

  it("is the gateway's own when nothing is, and shown as it is now", async () => {
    const id = idOf(await register({}));
    expect((await get(id)).text).toBe(
      `{"id":${id},"url":"https://example.com/${registered}","nickname":"orders","user_id":1,"status":"enabled",` +
        `"disabled_reason":null,"retry_schedule":[60,120,240,480],"max_concurrency":5,"headers":{},"ed25519":false,` +
        `"created_at":"${NOW}","updated_at":"${NOW}"}`,
    );
  });

  it("has the waits of DEFAULT_RETRY_SCHEDULE, which RETRY_UNIT_SECONDS does not scale", async () => {
    const env = { DEFAULT_RETRY_SCHEDULE: "60,120", RETRY_UNIT_SECONDS: "2" };
    const other = await startTestGateway({ clock: standingClock, deliver: false, env });
    const owner = await newUser(other);
    const shownOf = async (n: number, choices: object): Promise<unknown> => {
      const body = { url: `https://example.com/${n}`, nickname: "orders", ...choices };
      const id = idOf(await ask(other, "POST /v1/endpoints", { key: owner, body }));
      return (await ask(other, `GET /v1/endpoints/${id}`, { key: owner })).json();
    };
    expect(await shownOf(1, {})).toMatchObject({ retry_schedule: [60, 120] });
    expect(await shownOf(2, { retry_schedule: [7] })).toMatchObject({ retry_schedule: [7] });
    await other.stop();
  });

  it("may be said at the registration, whose reply keeps its four fields", async () => {
    const reply = await register(CHOSEN);
    expect(Object.keys(reply.json() as object)).toEqual(["id", "url", "nickname", "user_id"]);
    expect((await get(idOf(reply))).json()).toMatchObject(CHOSEN);
    expect((await get(idOf(reply))).text).toContain(JSON.stringify(CHOSEN.headers));
  });

  it("may be changed one by one, and taken back with null", async () => {
    const id = idOf(await register({}));
    let expected: object = UNCHOSEN;
    for (const [name, value] of Object.entries(CHOSEN)) {
      expected = { ...expected, [name]: value };
      const reply = await patch(id, { [name]: value });
      expect(reply.status).toBe(200);
      expect(reply.json()).toMatchObject(expected);
      expect((await get(id)).text).toBe(reply.text);
    }
    for (const name of Object.keys(CHOSEN) as (keyof typeof CHOSEN)[]) {
      expected = { ...expected, [name]: UNCHOSEN[name] };
      expect((await patch(id, { [name]: null })).json()).toMatchObject(expected);
    }
    expect((await get(id)).json()).toMatchObject(UNCHOSEN);
  });

  it("may be no retries, and no headers", async () => {
    const id = idOf(await register({ retry_schedule: [], headers: {} }));
    expect((await get(id)).json()).toMatchObject({ retry_schedule: [], headers: {} });
  });

  it("leaves no event behind when it was so already, also headers, which are sealed", async () => {
    const id = idOf(await register(CHOSEN));
    const head = await storage.store.head();
    for (const body of [CHOSEN, {}, { headers: CHOSEN.headers }, { nickname: "orders" }]) {
      expect((await patch(id, body)).json()).toMatchObject(CHOSEN);
    }
    expect(await storage.store.head()).toBe(head);
    const [name, value] = Object.entries(CHOSEN.headers)[0] ?? [];
    expect((await patch(id, { headers: { [name ?? ""]: value } })).json()).toMatchObject({
      headers: { [name ?? ""]: value },
    });
    expect(await storage.store.head()).not.toBe(head);
  });

  it("is in no event with its headers' values", async () => {
    await register(CHOSEN);
    let events = 0;
    for await (const event of storage.store.readAll()) {
      events += 1;
      expect(JSON.stringify(event)).not.toContain("s3cr3t");
      expect(JSON.stringify(event)).not.toContain("X-Tenant");
    }
    expect(events).toBeGreaterThan(10);
  });

  it.each<[body: object, ...errors: string[]]>([
    [{ retry_schedule: "60" }, WAITS],
    [{ retry_schedule: {} }, WAITS],
    [{ retry_schedule: ["60"] }, WAITS],
    [{ retry_schedule: [60, null] }, WAITS],
    [{ retry_schedule: [1.5] }, WAITS],
    [{ retry_schedule: Array.from({ length: 21 }, () => 60) }, WAITS],
    [{ retry_schedule: [0] }, WAIT],
    [{ retry_schedule: [60, -1, 0] }, WAIT],
    [{ retry_schedule: [604_801] }, WAIT],
    [{ retry_schedule: [1e300] }, WAIT],
    [{ max_concurrency: 0 }, CONCURRENCY],
    [{ max_concurrency: 101 }, CONCURRENCY],
    [{ max_concurrency: -5 }, CONCURRENCY],
    [{ max_concurrency: 1.5 }, "max_concurrency must be an integer"],
    [{ max_concurrency: "5" }, "max_concurrency must be an integer"],
    [{ ed25519: 1 }, "ed25519 must be true or false"],
    [{ ed25519: "true" }, "ed25519 must be true or false"],
    [{ headers: [] }, "headers must be an object"],
    [{ headers: { host: "a", "x-a": "" } }, 'header "host" must not be set', `header "x-a" ${VALUE}`],
    [{ status: "disabled" }, 'unknown field "status"'],
    [{ user_id: 2, id: 3 }, 'unknown field "user_id"', 'unknown field "id"'],
    [
      { ed25519: 0, headers: 1, max_concurrency: 0, retry_schedule: 1, x: 1 },
      ...[WAITS, CONCURRENCY, "headers must be an object", "ed25519 must be true or false", 'unknown field "x"'],
    ],
  ])("is refused in a registration and in a change: %j", async (body, ...errors) => {
    expectBroken(await register(body), ...errors);
    const id = idOf(await register({}));
    expectBroken(await patch(id, body), ...errors);
    expect((await get(id)).json()).toMatchObject(UNCHOSEN);
  });

  it("is told in the order of the fields, the url's target among them", async () => {
    const body = { url: "http://localhost", nickname: "short", max_concurrency: 0 };
    const errors = ["nickname must be between 6 and 30", "url must not point to a local address", CONCURRENCY];
    expectBroken(await register(body), ...errors);
    expectBroken(await patch(idOf(await register({})), body), ...errors);
  });

  it.each<[body: unknown, ...errors: string[]]>([
    [{ nickname: null }, "nickname must not be blank"],
    [{ nickname: " ", url: "ftp://a" }, "nickname must not be blank"],
    [{ url: null }, "url must not be blank"],
    [{ url: "" }, "url must not be blank"],
    [{ url: "example.com" }, "url must be a valid URL"],
    [{ url: "ftp://example.com" }, "url must be http or https"],
    [{ url: "http://2130706433" }, "url must not point to a local address"],
    ["[]", "body must be a JSON object"],
    ["{", "body must be valid JSON"],
  ])("is refused in a change: %j", async (body, ...errors) => {
    expectBroken(await patch(idOf(await register({})), body), ...errors);
  });

  it("frees the old address and takes the new, once per user", async () => {
    const [a, b, c] = ["https://a.example", "https://b.example", "https://c.example"];
    const first = idOf(await register({ url: a }));
    const second = idOf(await register({ url: b }));
    expectError(await patch(second, { url: a }), 409, "Endpoint already registered for this user");
    expect((await patch(first, { url: c })).json()).toMatchObject({ url: c });
    expect((await patch(second, { url: a })).json()).toMatchObject({ url: a });
    expect((await register({ url: b })).status).toBe(201);
    for (const taken of [a, c]) {
      expectError(await register({ url: taken }), 409, "Endpoint already registered for this user");
    }
    expect((await patch(first, { url: c })).status).toBe(200);
  });

  it("of two changes at a time is what each of them said", async () => {
    const id = idOf(await register({}));
    const replies = await Promise.all([
      patch(id, { max_concurrency: 7 }),
      patch(id, { nickname: "orders of the week" }),
      patch(id, { ed25519: true }),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await get(id)).json()).toMatchObject({ max_concurrency: 7, nickname: "orders of the week", ed25519: true });
  });
});
