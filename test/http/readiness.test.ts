import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { Health } from "../../src/observability/health.ts";
import { PROJECTIONS } from "../../src/projections/read-models.ts";
import type { ReportProjection } from "../../src/projections/running/projection-report.ts";
import type { ProjectionStatus } from "../../src/projections/running/projection-report.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { memoryStorage } from "../fixtures/event-log/memory-storage.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, dispatchOf } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const NAMES = ["users", "endpoints", "deliveries", "due-deliveries"];

let clock: FakeClock;
let gateway: Gateway;
beforeEach(() => {
  clock = new FakeClock();
});
afterEach(() => gateway.stop());

/** The reasons why the gateway is not ready, and that the status fits them. */
async function reasons(): Promise<readonly string[]> {
  const reply = await gateway.app.inject({ method: "GET", url: "/readyz" });
  const { reasons } = reply.json<{ reasons: readonly string[] }>();
  expect(reply.statusCode).toBe(reasons.length === 0 ? 200 : 503);
  return reasons;
}

/** A storage whose projections do nothing but what a test says of them. */
function scriptedStorage(): {
  readonly storage: Storage;
  readonly say: (name: string, more: Partial<ProjectionStatus>) => void;
} {
  let report: ReportProjection = () => undefined;
  const storage: Storage = {
    ...memoryStorage(clock),
    runProjections: (given, signal) => {
      report = given;
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
  const say = (name: string, more: Partial<ProjectionStatus>): void =>
    report({ kind: "status", status: { name, version: 1, position: null, state: "live", fault: null, ...more } });
  return { storage, say };
}

describe("a gateway that starts", () => {
  it("is ready when reads are answered, and accepts payloads before that", async () => {
    const inner = memoryStorage(clock);
    const open = Promise.withResolvers<undefined>();
    const storage: Storage = {
      ...inner,
      runProjections: async (given, signal) => {
        await open.promise;
        return inner.runProjections(given, signal);
      },
    };
    const health = new Health();
    gateway = await startTestGateway({ clock, storage, health, deliver: false });
    /** Asks, and lets the time pass that the reply waits for read models. */
    const waited = async (line: string, question: Question = {}): Promise<Reply> => {
      const reply = ask(gateway, line, question);
      await clock.advance(5_000);
      return reply;
    };
    expect(await reasons()).toEqual(NAMES.map((name) => `projection ${name}: catching up`));

    const user = await waited("POST /v1/users", { body: { username: "alice" } });
    const { api_key: key } = user.json() as { api_key: string };
    const endpoint = await waited("POST /v1/endpoints", {
      key,
      body: { url: "https://example.com/hook", nickname: "the shop" },
    });
    const body = dispatchOf((endpoint.json() as { id: number }).id, '{"a":1}');
    expect(await ask(gateway, "POST /v1/dispatch", { key, body })).toMatchObject({ status: 202 });
    for (const path of ["/v1/users/me", "/v1/deliveries", "/v1/endpoints"]) {
      expect((await waited(`GET ${path}`, { key })).status, path).toBe(503);
    }

    open.resolve(undefined);
    await clock.until(() => health.reasons.length === 0);
    expect(await reasons()).toEqual([]);
    for (const path of ["/v1/users/me", "/v1/deliveries", "/v1/endpoints"]) {
      expect((await waited(`GET ${path}`, { key })).status, path).toBe(200);
    }
  });

  it("does not wait for models that no client's request needs, nor for one that an earlier version made", async () => {
    const { storage, say } = scriptedStorage();
    gateway = await startTestGateway({ clock, storage, deliver: false });
    for (const { name } of PROJECTIONS) say(name, { state: "catching_up" });
    expect(await reasons()).toHaveLength(4);
    for (const name of NAMES.slice(0, 3)) say(name, {});
    expect(await reasons()).toEqual(["projection due-deliveries: catching up"]);
    say("due-deliveries", { state: "outdated" });
    expect(await reasons()).toEqual([]);
  });

  it("stays ready when a model that was complete once falls behind, and not when it stops at an event", async () => {
    const { storage, say } = scriptedStorage();
    gateway = await startTestGateway({ clock, storage, deliver: false });
    for (const name of NAMES) say(name, {});
    say("users", { state: "catching_up" });
    expect(await reasons()).toEqual([]);
    say("users", { state: "faulted", fault: { stream: "user-7", revision: "3", reason: "unreadable" } });
    expect(await reasons()).toEqual(["projection users: it stopped at revision 3 of user-7"]);
    say("users", { state: "catching_up" });
    expect(await reasons()).toHaveLength(1);
    say("users", {});
    expect(await reasons()).toEqual([]);
  });

  it("says at which event a model stopped before it was complete", async () => {
    const { storage, say } = scriptedStorage();
    gateway = await startTestGateway({ clock, storage, deliver: false });
    for (const name of NAMES.slice(1)) say(name, {});
    say("users", { state: "faulted", fault: { stream: "user-7", revision: "3", reason: "unreadable" } });
    expect(await reasons()).toEqual(["projection users: it stopped at revision 3 of user-7"]);
  });
});
