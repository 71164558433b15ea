import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { PROJECTIONS } from "../../src/projections/read-models.ts";
import { until } from "../fixtures/until.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectError, newUser, standingClock } from "./asking.ts";

const ALL = "GET /v1/admin/projections";
const { operator, auditor } = TEST_STAFF_KEYS;

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly position: string | null;
  readonly head: string | null;
  readonly lag_events: number;
  readonly lag_seconds: number;
  readonly rebuild: object | null;
  readonly digest: { readonly sha256: string; readonly exact: boolean } | null;
}

describe("the projections as an operator sees them", () => {
  let gateway: Gateway;
  let clientKey: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    clientKey = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  const shown = async (name: string): Promise<Shown> => {
    const reply = await ask(gateway, `GET /v1/admin/projections/${name}`, { key: operator });
    expect(reply.status).toBe(200);
    return JSON.parse(reply.text) as Shown;
  };

  it("are listed with where they stand", async () => {
    await until("all to be live", async () => {
      const { data } = JSON.parse((await ask(gateway, ALL, { key: operator })).text) as { data: Shown[] };
      expect(data.map(({ name }) => name)).toEqual(PROJECTIONS.map(({ name }) => name));
      return data.every(({ state, lag_seconds }) => state === "live" && lag_seconds === 0);
    });
    const users = await shown("users");
    expect(users).toMatchObject({ version: 2, state: "live", lag_seconds: 0, fault: null, rebuild: null });
    expect(users.head).toMatch(/^\d{20}$/);
    expect(users.digest).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string, exact: true });
  });

  it("are made again on demand, with the same digest, while reads go on", async () => {
    const before = (await shown("users")).digest;
    const begun = await ask(gateway, "POST /v1/admin/projections/users/rebuild", { key: operator });
    expect(begun.status).toBe(202);
    expect((await ask(gateway, "GET /v1/users/me", { key: clientKey })).status).toBe(200);
    await until("the rebuild to end", async () => (await shown("users")).rebuild === null);
    expect((await shown("users")).digest?.sha256).toBe(before?.sha256);
    expect((await ask(gateway, "GET /v1/users/me", { key: clientKey })).status).toBe(200);
    // Who comes later is in the new one.
    const later = await newUser(gateway);
    expect((await ask(gateway, "GET /v1/users/me", { key: later })).status).toBe(200);
    expect((await shown("users")).digest?.sha256).not.toBe(before?.sha256);
  });

  it("say what cannot be done", async () => {
    const cancel = await ask(gateway, "DELETE /v1/admin/projections/users/rebuild", { key: operator });
    expectError(cancel, 409, "This projection is not being rebuilt");
    for (const line of ["GET", "POST"]) {
      const path = `/v1/admin/projections/nothing${line === "POST" ? "/rebuild" : ""}`;
      const reply = await ask(gateway, `${line} ${path}`, { key: operator });
      expectError(reply, 404, "Projection not found", [
        `the projections are ${PROJECTIONS.map(({ name }) => name).join(", ")}`,
      ]);
    }
  });

  it.each([ALL, "POST /v1/admin/projections/users/rebuild", "DELETE /v1/admin/projections/users/rebuild"])(
    "are the operator's alone: %s",
    async (line) => {
      expectError(await ask(gateway, line, {}), 400, "Missing or invalid API key");
      for (const key of [clientKey, auditor]) {
        expectError(await ask(gateway, line, { key }), 403, "This API key is not for this route");
      }
    },
  );
});
