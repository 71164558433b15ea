import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

/** How many change one endpoint together. */
const TOGETHER = 50;

describe("changes of one endpoint", () => {
  let gateway: Gateway;
  let storage: Storage;
  let key: string;
  let endpoints = 0;
  beforeAll(async () => {
    storage = memoryStorage(standingClock);
    gateway = await startTestGateway({ clock: standingClock, storage, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  const another = (): Promise<number> => newEndpoint(gateway, key, `https://example.com/${(endpoints += 1)}`);
  const together = (changeOf: (n: number) => Promise<Reply>): Promise<Reply[]> =>
    Promise.all(Array.from({ length: TOGETHER }, (_, n) => changeOf(n)));
  const statusesOf = (replies: readonly Reply[]): number[] => replies.map(({ status }) => status);
  const allOk = Array<number>(TOGETHER).fill(200);

  it(`are all made when ${TOGETHER} come at once`, async () => {
    const id = await another();
    const names = await together((n) =>
      ask(gateway, `PATCH /v1/endpoints/${id}`, { key, body: { nickname: `nickname ${n}` } }),
    );
    expect(statusesOf(names)).toEqual(allOk);
    const secrets = await together(() => ask(gateway, `POST /v1/endpoints/${id}/secret/rotate`, { key }));
    expect(statusesOf(secrets)).toEqual(allOk);
    expect(await storage.store.read(`endpoint-${id}`)).toHaveLength(1 + 2 * TOGETHER);
  });

  it("move its URL to and fro without losing the reservation of either", async () => {
    const id = await another();
    const moves = await together((n) =>
      ask(gateway, `PATCH /v1/endpoints/${id}`, { key, body: { url: `https://example.com/moved/${n % 2}` } }),
    );
    expect(statusesOf(moves)).toEqual(allOk);
    const { url } = (await ask(gateway, `GET /v1/endpoints/${id}`, { key })).json() as { url: string };
    const registered = await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "another one" } });
    expect(registered.status).toBe(409);
    expect(await newEndpoint(gateway, key, `https://example.com/moved/${url.endsWith("0") ? 1 : 0}`)).not.toBe(id);
  });
});
