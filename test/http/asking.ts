import { expect } from "vitest";
import type { Gateway } from "../../src/gateway.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { checkReply } from "./reply-schemas.ts";

/** The one moment at which a gateway of these tests lives, so that a reply can be compared to the byte. */
export const NOW = "2026-01-31T12:00:00.000Z";

/** Stands still at NOW; its timers run all the same. */
export const standingClock: Clock = {
  ...systemClock,
  now: () => Date.parse(NOW),
};

export interface Question {
  /** The API key; none by default. */
  readonly key?: string;
  /** The body; of a value that is neither text nor bytes, its JSON. */
  readonly body?: unknown;
  /** Besides `Content-Type: application/json`, which every body has; empty takes that away. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  json(): unknown;
}

/** Asks without a socket, and checks that the reply has the form that its schema promises. `line` is `POST /v1/users`. */
export async function ask(gateway: Gateway, line: string, question: Question = {}): Promise<Reply> {
  const [method = "", url = ""] = line.split(" ");
  const { key, body, headers = {} } = question;
  const sent = Object.entries({
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(key !== undefined && { "x-api-key": key }),
    ...headers,
  }).filter(([, value]) => value !== "");
  const reply = await gateway.app.inject({
    method: method as "GET",
    url,
    headers: Object.fromEntries(sent),
    ...(body !== undefined && { payload: payloadOf(body) }),
  });
  const got: Reply = {
    status: reply.statusCode,
    headers: reply.headers,
    text: reply.body,
    bytes: reply.rawPayload,
    json: () => reply.json<unknown>(),
  };
  checkReply(method, url, got);
  return got;
}

function payloadOf(body: unknown): string | Buffer {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body);
}

/** The exact text of an error reply at NOW. */
export function errorText(status: number, error: string, details?: readonly string[]): string {
  const tail = details === undefined ? "" : `,"details":{"errors":${JSON.stringify(details)}}`;
  return `{"error":${JSON.stringify(error)},"status_code":${status},"timestamp":"${NOW}"${tail}}`;
}

/** Expects exactly this error, to the byte. */
export function expectError(reply: Reply, status: number, error: string, details?: readonly string[]): void {
  expect(reply.text).toBe(errorText(status, error, details));
  expect(reply.status).toBe(status);
}

/** Expects the reply to a body that breaks these rules. */
export function expectBroken(reply: Reply, ...rules: string[]): void {
  expectError(reply, 400, "Some fields are missing or invalid", rules);
}

let users = 0;

/** Creates a user under a name that no other has, and gives its key. */
export async function newUser(gateway: Gateway): Promise<string> {
  users += 1;
  const reply = await ask(gateway, "POST /v1/users", { body: { username: `user_${users}` } });
  expect(reply.status).toBe(201);
  return (reply.json() as { api_key: string }).api_key;
}

/** Registers an endpoint and gives its id. */
export async function newEndpoint(gateway: Gateway, key: string, url = "https://example.com/hook"): Promise<number> {
  const reply = await ask(gateway, "POST /v1/endpoints", { key, body: { url, nickname: "an endpoint" } });
  expect(reply.status).toBe(201);
  return (reply.json() as { id: number }).id;
}

/** Dispatches a payload, given as text, and gives the delivery's id. */
export async function newDelivery(
  gateway: Gateway,
  key: string,
  endpoint: number,
  payload = '{"a":1}',
): Promise<string> {
  const reply = await ask(gateway, "POST /v1/dispatch", { key, body: dispatchOf(endpoint, payload) });
  expect(reply.status).toBe(202);
  return String(reply.headers["x-delivery-id"]);
}

/** The body of a dispatch with this payload, as it is written. */
export function dispatchOf(endpoint: number, payload: string): string {
  return `{"endpoint_id":${endpoint},"payload":${payload}}`;
}
