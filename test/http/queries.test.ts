import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { TEST_STAFF_KEYS, startTestGateway } from "../fixtures/gateway/test-gateway.ts";
import { ask, expectBroken, newDelivery, newEndpoint, newUser, standingClock } from "./asking.ts";
import type { Question, Reply } from "./asking.ts";

const { operator } = TEST_STAFF_KEYS;

/** A row of the table of all routes, such as "| `GET /v1/users/me` | client | 200 |". */
const ROW = /^\| `([A-Z]+ \/\S+)` +\| ([a-z, ]+?) +\| \d{3} +\|$/gm;
const ROUTES = [...readFileSync("docs/reference/http-api.md", "utf8").matchAll(ROW)].map(([, line = "", keys = ""]) => {
  return { line, isOfClients: !keys.includes("operator"), hasBody: !line.startsWith("GET ") };
});

/** The routes of clients that take parameters, and what belongs to those. The other ones ignore a query. */
const WITH_PARAMETERS = [
  "GET /v1/endpoints",
  "GET /v1/endpoints/{id}/statistics",
  "GET /v1/deliveries",
  "GET /v1/deliveries/{id}",
  "GET /v1/deliveries/{id}/events",
  "GET /v1/deliveries/{id}/payload",
];
const JUDGING = ROUTES.filter(({ line, isOfClients }) => !isOfClients || WITH_PARAMETERS.includes(line));
const IGNORING = ROUTES.filter(({ line, isOfClients, hasBody }) => {
  return isOfClients && !hasBody && line.includes(" /v1/") && !WITH_PARAMETERS.includes(line);
});
const TAKING_BODIES = ROUTES.filter(({ hasBody }) => hasBody);

describe("what a route does not know", () => {
  let gateway: Gateway;
  let key: string;
  let endpoint: number;
  let delivery: string;
  beforeAll(async () => {
    gateway = await startTestGateway({ clock: standingClock, deliver: false });
    key = await newUser(gateway);
    endpoint = await newEndpoint(gateway, key);
    delivery = await newDelivery(gateway, key, endpoint);
  });
  afterAll(() => gateway.stop());

  function sent(
    { line, isOfClients }: (typeof ROUTES)[number],
    query: string,
    question: Question = {},
  ): Promise<Reply> {
    const id = line.includes("/endpoints/") ? String(endpoint) : delivery;
    const path = line.replace("{id}", id).replace("{event_id}", delivery).replace("{name}", "users");
    return ask(gateway, `${path}${query}`, { key: isOfClients ? key : operator, ...question });
  }

  const errorsOf = (reply: Reply): unknown => (reply.json() as { details?: { errors: string[] } }).details?.errors;

  it("is read from the table of routes", () => {
    expect(ROUTES.length).toBeGreaterThan(40);
    expect(JUDGING.length).toBeGreaterThan(25);
    expect(TAKING_BODIES.length).toBeGreaterThan(10);
  });

  it.each(JUDGING)("is refused in a query: $line", async (route) => {
    const reply = await sent(route, "?x=1");
    expect(reply.status).toBe(400);
    expect(errorsOf(reply)).toContain('unknown parameter "x"');
  });

  it.each(JUDGING)("is refused when it cannot be decoded: $line", async (route) => {
    for (const query of ["?reference=%ff", "?x=%c3%28", "?limit=1&%zz", "?at=%"]) {
      expectBroken(await sent(route, query), "query must be valid percent-encoded UTF-8");
    }
  });

  it.each(IGNORING)("is ignored in a query where there are no parameters: $line", async (route) => {
    expect((await sent(route, "?x=%ff&x=1")).status).toBe((await sent(route, "")).status);
  });

  it.each(TAKING_BODIES)("is refused in a body, which has to be JSON: $line", async (route) => {
    const reply = await sent(route, "", { body: { x: 1 } });
    expect(reply.status).toBe(400);
    expect(errorsOf(reply)).toSatisfy((errors: string[]) =>
      errors.some((error) => error === 'unknown field "x"' || error.endsWith("must not be blank")),
    );
    expectBroken(await sent(route, "", { body: "{" }), "body must be valid JSON");
    expectBroken(await sent(route, "", { body: "[]" }), "body must be a JSON object");
  });

  it("is no part of a query that is encoded as it should be", async () => {
    const reply = await ask(gateway, "GET /v1/deliveries?reference=%C3%A9+%25ff&to=2026-01-31T13:00:00%2B01:00", {
      key,
    });
    expect(reply.json()).toEqual({ data: [], next_cursor: null });
  });
});
