import { METHODS } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectBroken, expectError, newUser, standingClock } from "./asking.ts";

const ID = "01890a5d-ac96-774b-bcce-b302099a8057";

/** Every path, and what it takes. */
const PATHS: Readonly<Record<string, string>> = {
  "/v1/ping": "GET, HEAD",
  "/v1/users": "POST",
  "/v1/users/me": "GET, HEAD",
  "/v1/endpoints": "GET, HEAD, POST",
  "/v1/endpoints/1": "GET, HEAD, PATCH, DELETE",
  "/v1/endpoints/1/disable": "POST",
  "/v1/endpoints/1/enable": "POST",
  "/v1/endpoints/1/test": "POST",
  "/v1/endpoints/1/secret": "GET, HEAD",
  "/v1/endpoints/1/secret/rotate": "POST",
  "/v1/endpoints/1/statistics": "GET, HEAD",
  "/v1/dispatch": "POST",
  "/v1/deliveries": "GET, HEAD",
  [`/v1/deliveries/${ID}`]: "GET, HEAD",
  [`/v1/deliveries/${ID}/events`]: "GET, HEAD",
  [`/v1/deliveries/${ID}/payload`]: "GET, HEAD",
  "/v1/audit/deliveries": "GET, HEAD",
  [`/v1/audit/deliveries/${ID}`]: "GET, HEAD",
  [`/v1/audit/deliveries/${ID}/events`]: "GET, HEAD",
  [`/v1/audit/deliveries/${ID}/payload`]: "GET, HEAD",
  "/v1/audit/events": "GET, HEAD",
  "/v1/admin/pause": "POST",
  "/v1/admin/resume": "POST",
  "/v1/admin/pauses": "GET, HEAD",
  "/v1/audit/endpoints": "GET, HEAD",
  "/v1/audit/users": "GET, HEAD",
  "/v1/admin/overview": "GET, HEAD",
  "/v1/admin/deliveries": "GET, HEAD",
  "/v1/admin/endpoints": "GET, HEAD",
  "/v1/admin/users": "GET, HEAD",
  "/livez": "GET, HEAD",
  "/readyz": "GET, HEAD",
};

describe("paths and methods", () => {
  let gateway: Gateway;
  let key: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
  });
  afterAll(() => gateway.stop());

  it.each(Object.entries(PATHS))("answers 405 with Allow to every other method on %s", async (path, allow) => {
    for (const method of METHODS.filter((one) => one !== "CONNECT" && !allow.split(", ").includes(one))) {
      const reply = await ask(gateway, `${method} ${path}`);
      expect(reply.headers["allow"], method).toBe(allow);
      if (method === "HEAD") expect(reply.status).toBe(405);
      else expectError(reply, 405, "Method not allowed");
    }
  });

  it("answers 405 before it looks at the key or the body", async () => {
    for (const body of ["{", " ".repeat(1_000_000)]) {
      expectError(await ask(gateway, "PUT /v1/dispatch", { key: "none", body }), 405, "Method not allowed");
    }
    const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
    expectError(await ask(gateway, "DELETE /v1/users", { body: "x", headers }), 405, "Method not allowed");
  });

  it("answers HEAD like GET, without the body", async () => {
    for (const path of ["/v1/ping", "/v1/users/me", "/v1/endpoints", "/v1/deliveries"]) {
      const got = await ask(gateway, `GET ${path}`, { key });
      const head = await ask(gateway, `HEAD ${path}`, { key });
      expect(head.status).toBe(200);
      expect(head.headers).toEqual(got.headers);
    }
    expect((await ask(gateway, "HEAD /v1/users/me")).status).toBe(400);
    expect((await ask(gateway, "HEAD /v1/nothing")).status).toBe(404);
  });

  it.each([
    "/",
    "/v1",
    "/v1/",
    "/v2/ping",
    "/v1/ping/",
    "/V1/ping",
    "//v1/ping/",
    "//",
    "/v1/endpoints/",
    "/v1/endpoints//",
    "/v1/endpoints/?limit=1",
    "/v1/deliveries/",
    "/v1/audit/deliveries/",
    "/v1/audit/proof/",
    "/v1/admin/projections/",
    "/v1/users/1",
    "/v1/users/me/",
    `/v1/deliveries/${ID}/payload/x`,
    `/v1/deliveries/${ID}/nothing`,
    "/v1/ping%2F",
    "/v1/ping%00",
    "/v1/../etc/passwd",
    "*",
  ])("answers 404 to the unknown path %s, whatever the method", async (path) => {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]) {
      expectError(await ask(gateway, `${method} ${path}`, { key }), 404, "Not found");
    }
  });

  it("answers 404 to an unknown path before it looks at the body", async () => {
    for (const body of ["{", " ".repeat(1_000_000)]) {
      expectError(await ask(gateway, "POST /v1/nothing", { body }), 404, "Not found");
    }
    const headers = { "content-type": "text/plain", "content-encoding": "gzip" };
    expectError(await ask(gateway, "POST /v1/nothing", { body: "x", headers }), 404, "Not found");
  });

  it.each(["/v1/%zz", "/%", "/v1/deliveries/%zz", "/v1/deliveries/%c3%28/payload", "/v1/ping%ff"])(
    "refuses the path %s, which cannot be decoded",
    async (path) => {
      expectBroken(await ask(gateway, `GET ${path}`, { key }), "path must be valid percent-encoded UTF-8");
    },
  );

  it("takes slashes in a row for one, and leaves a query as it is", async () => {
    for (const path of ["//v1/ping", "/v1//ping", "///v1///ping", "//v1/ping?x=//"]) {
      expect((await gateway.app.inject({ url: path })).body).toBe("pong");
    }
    for (const path of ["/v1/users//me", "//v1//users/me"]) {
      expect((await gateway.app.inject({ url: path, headers: { "x-api-key": key } })).statusCode).toBe(200);
    }
    const made = await gateway.app.inject({ method: "POST", url: "/v1//users", payload: { username: "slashes" } });
    expect(made.statusCode).toBe(201);
    expectError(await ask(gateway, "PUT //v1//users"), 405, "Method not allowed");
    const reply = await gateway.app.inject({ url: "//v1/deliveries?a//b=1", headers: { "x-api-key": key } });
    expect(reply.json()).toMatchObject({ details: { errors: ['unknown parameter "a//b"'] } });
  });

  it("takes a path in any spelling of the same characters", async () => {
    expect((await ask(gateway, "GET /v1/%70ing")).text).toBe("pong");
    expect((await ask(gateway, "GET /v1/ping?x=%zz&x=1#a")).text).toBe("pong");
  });
});
