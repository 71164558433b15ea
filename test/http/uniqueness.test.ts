import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectError, newUser, standingClock } from "./asking.ts";
import type { Reply } from "./asking.ts";

describe("what may exist only once", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
  });
  afterAll(() => gateway.stop());

  function create(username: string, email?: string): Promise<Reply> {
    return ask(gateway, "POST /v1/users", { body: { username, ...(email !== undefined && { email }) } });
  }

  function register(key: string, url: string, nickname = "an endpoint"): Promise<Reply> {
    return ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname } });
  }

  it("is a username, case-sensitively", async () => {
    expect((await create("single")).status).toBe(201);
    expectError(await create("single"), 409, "Username already exists");
    expect((await create("Single")).status).toBe(201);
  });

  it("is an e-mail address: its domain in any case, its local part exactly", async () => {
    expect((await create("mail_1", "Jo@example.com")).status).toBe(201);
    expectError(await create("mail_2", "Jo@example.com"), 409, "Email already exists");
    expectError(await create("mail_2", "Jo@EXAMPLE.com"), 409, "Email already exists");
    expect((await create("mail_2", "jo@example.com")).status).toBe(201);
  });

  it("leaves a username free whose e-mail address was refused", async () => {
    await create("mail_3", "held@example.com");
    expectError(await create("mail_4", "held@example.com"), 409, "Email already exists");
    expect((await create("mail_4")).status).toBe(201);
  });

  it("names the username when both are taken", async () => {
    await create("both_1", "both@example.com");
    expectError(await create("both_1", "both@example.com"), 409, "Username already exists");
    await create("both_2", "other@example.com");
    expectError(await create("both_2", "both@example.com"), 409, "Username already exists");
  });

  it("is no address at all for those who give none", async () => {
    for (const username of ["none_1", "none_2"]) expect((await create(username)).status).toBe(201);
  });

  it("is a URL of one user, as text; a nickname need not be unique", async () => {
    const [one, two] = [await newUser(gateway), await newUser(gateway)];
    expect((await register(one, "https://example.com/a")).status).toBe(201);
    expectError(
      await register(one, "https://example.com/a", "other name"),
      409,
      "Endpoint already registered for this user",
    );
    for (const url of ["https://example.com/a/", "https://EXAMPLE.com/a", "https://example.com:443/a"]) {
      expect((await register(one, url)).status, url).toBe(201);
    }
    expect((await register(two, "https://example.com/a")).status).toBe(201);
  });

  it("has one winner of many that ask at once", async () => {
    const key = await newUser(gateway);
    const users = await Promise.all(Array.from({ length: 20 }, (_, n) => create("raced", `raced_${n}@example.com`)));
    const mails = await Promise.all(Array.from({ length: 20 }, (_, n) => create(`racer_${n}`, "raced@example.com")));
    const endpoints = await Promise.all(Array.from({ length: 20 }, () => register(key, "https://example.com/race")));
    for (const replies of [users, mails, endpoints]) {
      const statuses = replies.map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array<number>(19).fill(409)]);
    }
  });
});
