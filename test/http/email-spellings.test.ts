import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUser } from "../../src/commands/create-user.ts";
import type { Gateway } from "../../src/gateway.ts";
import { apiKeyDigest } from "../../src/http/access/authentication.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { eventsOfType, newContext, newUser } from "../fixtures/event-log/store-doubles.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { TEST_SECRETS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectError, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

const COMPOSED = "bücher.example";
const DECOMPOSED = "bu\u0308cher.example";
const ASCII = "xn--bcher-kva.example";
const SPELLINGS = [COMPOSED, DECOMPOSED, ASCII, "BÜCHER.Example", "ｂücher.example"];

let users = 0;

function create(gateway: Gateway, email: string): Promise<Reply> {
  return ask(gateway, "POST /v1/users", { body: { username: `reader_${(users += 1)}`, email } });
}

/** What an earlier program left in the log: a user whose address is reserved by its domain as written, in lower case. */
async function createAsBefore(storage: Storage, email: string, apiKey: string): Promise<void> {
  const user = newUser(`earlier_${(users += 1)}`, email);
  const emailKey = email.toLowerCase();
  const known = { ...user, emailKey, apiKeyDigest: apiKeyDigest(apiKey) };
  await createUser(storage.store, known, TEST_SECRETS.reservations, newContext());
}

describe("the spellings of an e-mail domain", () => {
  let gateways: readonly [Gateway, Gateway];
  let storage: Storage;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    const options = { clock: standingClock, deliver: false };
    const first = await startTestGateway({ ...options, storage: { ...storage, close: async () => undefined } });
    gateways = [first, await startTestGateway({ ...options, storage })];
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
  });

  it.each(SPELLINGS)("are one address, whichever came first: %s", async (first) => {
    const local = `reader${(users += 1)}@`;
    expect((await create(gateways[0], local + first)).status).toBe(201);
    for (const gateway of gateways) {
      for (const spelling of SPELLINGS)
        expectError(await create(gateway, local + spelling), 409, "Email already exists");
    }
  });

  it("are shown as they were written", async () => {
    for (const [n, spelling] of SPELLINGS.entries()) {
      const email = `written${n}@${spelling}`;
      const key = ((await create(gateways[0], email)).json() as { api_key: string }).api_key;
      expect((await ask(gateways[1], "GET /v1/users/me", { key })).json()).toMatchObject({ email });
    }
  });

  it("have one winner of many that ask at once, on two instances", async () => {
    const asked = Array.from({ length: 20 }, (_, n) =>
      create(gateways[n % 2]!, `raced@${SPELLINGS[n % SPELLINGS.length]}`),
    );
    const statuses = (await Promise.all(asked)).map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
  });
});

describe("a log in which spellings of one domain were taken", () => {
  const keys = new Map([
    [`a@${COMPOSED}`, "00000000-0000-4000-8000-000000000001"],
    [`a@${ASCII}`, "00000000-0000-4000-8000-000000000002"],
    [`b@${DECOMPOSED}`, "00000000-0000-4000-8000-000000000003"],
    ["c@ｅｘａｍｐｌｅ.com", "00000000-0000-4000-8000-000000000004"],
  ]);
  let gateway: Gateway;
  let storage: Storage;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    for (const [email, key] of keys) await createAsBefore(storage, email, key);
    gateway = await startTestGateway({ clock: standingClock, deliver: false, storage });
  });
  afterAll(() => gateway.stop());

  it("keeps all of them", async () => {
    for (const [email, key] of keys) {
      expect((await ask(gateway, "GET /v1/users/me", { key })).json()).toMatchObject({ email });
    }
  });

  it("lets a new user have none of them, and takes no number for it", async () => {
    const taken = [...SPELLINGS.flatMap((spelling) => [`a@${spelling}`, `b@${spelling}`]), "c@example.com"];
    for (const email of taken) expectError(await create(gateway, email), 409, "Email already exists");
    expect(await eventsOfType(storage.store, "NumberTaken")).toHaveLength(keys.size);
  });

  it("lets a new user have another local part", async () => {
    expect((await create(gateway, `A@${COMPOSED}`)).status).toBe(201);
    expectError(await create(gateway, `A@${ASCII}`), 409, "Email already exists");
  });
});
