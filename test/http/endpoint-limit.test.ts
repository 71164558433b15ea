import { afterEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { NOW, ask, expectError, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

describe("MAX_ENDPOINTS_PER_USER", () => {
  let gateway: Gateway;
  afterEach(() => gateway.stop());

  const start = async (limit: string): Promise<void> => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false, env: { MAX_ENDPOINTS_PER_USER: limit } });
  };
  const register = (key: string, n: number): Promise<Reply> =>
    ask(gateway, "POST /v1/endpoints", { key, body: { url: `https://example.com/${n}`, nickname: "an endpoint" } });
  const statusesOf = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status).toSorted();
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

  it("is how many endpoints a user may have, exactly, also when all of them come at once", async () => {
    await start("5");
    const [key, other] = [await newUser(gateway), await newUser(gateway)];
    const replies = await Promise.all(numbers(30).map((n) => register(key, n)));
    expect(statusesOf(replies)).toEqual([...Array<number>(5).fill(201), ...Array<number>(25).fill(409)]);
    const refused = await register(key, 99);
    expect([refused.status, refused.json()]).toEqual([
      409,
      {
        error: "Too many endpoints",
        status_code: 409,
        timestamp: NOW,
        details: { errors: ["at most 5 endpoints may be registered"] },
      },
    ]);
    expect((await register(other, 0)).status).toBe(201);
  });

  it("does not count deleted ones, but disabled ones", async () => {
    await start("2");
    const key = await newUser(gateway);
    const [first, second] = [await register(key, 1), await register(key, 2)].map(
      (reply) => (reply.json() as { id: number }).id,
    );
    await ask(gateway, `POST /v1/endpoints/${first}/disable`, { key });
    expect((await register(key, 3)).status).toBe(409);
    await ask(gateway, `DELETE /v1/endpoints/${second}`, { key });
    expect(statusesOf(await Promise.all(numbers(5).map((n) => register(key, 10 + n))))).toEqual([
      201, 409, 409, 409, 409,
    ]);
  });

  it("refuses nobody for a registration that was refused itself", async () => {
    await start("2");
    const key = await newUser(gateway);
    await register(key, 1);
    const [again, another] = await Promise.all([register(key, 1), register(key, 2)]);
    expectError(again, 409, "Endpoint already registered for this user");
    expect(another.status).toBe(201);
  });

  it("is no limit when it is 0", async () => {
    await start("0");
    const key = await newUser(gateway);
    expect(new Set(statusesOf(await Promise.all(numbers(50).map((n) => register(key, n)))))).toEqual(new Set([201]));
  });
});
