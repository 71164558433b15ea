import { describe, expect, it } from "vitest";
import { z } from "zod";

import { createUserSchema } from "../../../../src/http/users/create-user-schema.ts";
import { dispatchSchema } from "../../../../src/http/dispatch/dispatch-schema.ts";
import { endpointSchema } from "../../../../src/http/endpoints/schemas/endpoint-reply-schemas.ts";
import { listDeliveriesSchema } from "../../../../src/http/deliveries/list-deliveries-schema.ts";
import { registerEndpointSchema } from "../../../../src/http/endpoints/schemas/register-endpoint-schema.ts";
import * as replies from "../../../../src/http/replies/reply-schemas.ts";

function described(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: "input" });
}

describe("the schemas that validate requests", () => {
  it("describe a new user", () => {
    expect(described(createUserSchema)).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["username"],
      properties: {
        username: { type: "string", minLength: 5, maxLength: 16, pattern: "^[A-Za-z0-9_]+$" },
        email: { type: ["string", "null"], format: "email" },
      },
    });
  });

  it("describe a new endpoint", () => {
    expect(described(registerEndpointSchema)).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["nickname", "url"],
      properties: {
        nickname: { type: "string", minLength: 6, maxLength: 30 },
        url: { type: "string", maxLength: 2048 },
      },
    });
  });

  it("describe a dispatch", () => {
    expect(described(dispatchSchema)).toMatchObject({
      type: "object",
      additionalProperties: false,
      required: ["endpoint_id", "payload"],
      properties: { endpoint_id: { type: "integer", minimum: 1 }, payload: { type: "object", minProperties: 1 } },
    });
  });

  it("describe the query of a list, of which nothing is required", () => {
    const schema = described(listDeliveriesSchema);
    expect(schema).not.toHaveProperty("required");
    expect(schema).toMatchObject({
      additionalProperties: false,
      properties: {
        status: { enum: ["PENDING", "SUCCESS", "FAILED", "CANCELED"] },
        endpoint_id: { type: "integer", minimum: 1 },
        from: { type: "string", format: "date-time" },
        to: { type: "string", format: "date-time" },
        limit: { type: "integer", minimum: 1, maximum: 100, default: 20 },
        cursor: { type: "string" },
      },
    });
  });
});

const attempt = {
  number: 1,
  round: 1,
  started_at: "2026-01-31T12:00:00.000Z",
  duration_ms: 12,
  outcome: "failed",
  url: "https://a.example",
  response_status: 503,
  response_body: "busy",
  response_truncated: false,
  error_code: "http_status",
  next_attempt_at: "2026-01-31T12:01:00.012Z",
  connections: 1,
};

const delivery = {
  id: "5f0c9d52-6a9c-4f6e-9a53-0d2f7f1c9b11",
  endpoint_id: 1,
  user_id: 1,
  status: "PENDING",
  attempts: 1,
  next_attempt_at: "2026-01-31T12:01:00.012Z",
  created_at: "2026-01-31T12:00:00.000Z",
  completed_at: null,
  payload_bytes: 7,
  payload_sha256: "0".repeat(64),
  reference: null,
  failure_reason: null,
  attempt_log: [attempt],
};

const { next_attempt_at: due, created_at: created, ...rest } = delivery;
const { id, endpoint_id, user_id, status, attempts, ...ended } = rest;
const current = {
  ...{ id, endpoint_id, user_id, status, attempts },
  next_attempt_at: due,
  waiting_for: "due_time",
  created_at: created,
  ...ended,
};

const endpoint = { id: 1, url: "https://a.example", nickname: "orders", user_id: 1 };

describe("the schemas of replies", () => {
  it.each<[name: string, schema: z.ZodType, reply: Record<string, unknown>]>([
    ["an api key", replies.apiKeySchema, { api_key: "5f0c9d52-6a9c-4f6e-9a53-0d2f7f1c9b11" }],
    ["a user", replies.userSchema, { id: 1, username: "abcde", email: null, endpoints: [endpoint] }],
    ["an endpoint", endpointSchema, endpoint],
    ["an attempt", replies.attemptSchema, attempt],
    ["a delivery", replies.deliverySchema, delivery],
    ["a delivery as it is now", replies.currentDeliverySchema, current],
    ["a list of deliveries", replies.deliveryListSchema, { data: [current], next_cursor: null }],
    [
      "an error",
      replies.errorSchema,
      { error: "Not found", status_code: 404, timestamp: "2026-01-31T12:00:00.000Z", details: { errors: ["x"] } },
    ],
  ])("take %s with its fields in their documented order, and no other field", (_, schema, reply) => {
    expect(schema.safeParse(reply).success).toBe(true);
    expect(schema.safeParse({ ...reply, extra: 1 }).success).toBe(false);
    expect(Object.keys(described(schema)["properties"] as object)).toEqual(Object.keys(reply));
  });

  it("take an error without details", () => {
    const error = { error: "Not found", status_code: 404, timestamp: "2026-01-31T12:00:00.000Z" };
    expect(replies.errorSchema.safeParse(error).success).toBe(true);
  });

  it("take times only in UTC with milliseconds, and api keys only in lower case", () => {
    expect(replies.attemptSchema.safeParse({ ...attempt, started_at: "2026-01-31T12:00:00Z" }).success).toBe(false);
    expect(replies.attemptSchema.safeParse({ ...attempt, started_at: "2026-01-31T12:00:00.000+00:00" }).success).toBe(
      false,
    );
    expect(replies.apiKeySchema.safeParse({ api_key: "5F0C9D52-6A9C-4F6E-9A53-0D2F7F1C9B11" }).success).toBe(false);
  });
});
