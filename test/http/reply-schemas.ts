import { expect } from "vitest";
import { z } from "zod";
import { pauseListSchema, pauseReplySchema } from "../../src/http/admin/pause-schema.ts";
import { listedDeliveriesSchema } from "../../src/http/admin/admin-deliveries-schema.ts";
import { listedEndpointsSchema, listedUsersSchema } from "../../src/http/admin/admin-load-schema.ts";
import { overviewSchema } from "../../src/http/admin/admin-overview-schema.ts";
import { auditEventSchema } from "../../src/http/audit/audit-events-schema.ts";
import { auditEndpointListSchema, auditUserListSchema } from "../../src/http/audit/lists/audit-lists-schema.ts";
import { deliveryEventListSchema, pastDeliverySchema } from "../../src/http/deliveries/history-schema.ts";
import {
  endpointDetailsSchema,
  endpointListSchema,
  endpointSchema,
  endpointSecretSchema,
} from "../../src/http/endpoints/schemas/endpoint-reply-schemas.ts";
import { endpointStatisticsSchema } from "../../src/http/endpoints/schemas/endpoint-statistics-schema.ts";
import {
  apiKeySchema,
  auditProofReplySchema,
  currentDeliverySchema,
  deliveryListSchema,
  errorSchema,
  projectionListSchema,
  projectionSchema,
  userSchema,
} from "../../src/http/replies/reply-schemas.ts";
import { UUID } from "../../src/runtime/uuid.ts";
import type { Reply } from "./asking.ts";

/** A UUID inside a longer pattern. */
const ID = UUID.source.slice(1, -1);

/** What a success of a route looks like. */
const SUCCESSES: readonly { route: RegExp; status: number; schema: z.ZodType }[] = [
  { route: /^POST \/v1\/users$/, status: 201, schema: apiKeySchema },
  { route: /^GET \/v1\/users\/me$/, status: 200, schema: userSchema },
  { route: /^POST \/v1\/endpoints$/, status: 201, schema: endpointSchema },
  { route: /^GET \/v1\/endpoints$/, status: 200, schema: endpointListSchema },
  { route: /^(GET|PATCH) \/v1\/endpoints\/\d+$/, status: 200, schema: endpointDetailsSchema },
  { route: /^POST \/v1\/endpoints\/\d+\/(dis|en)able$/, status: 200, schema: endpointDetailsSchema },
  { route: /^GET \/v1\/endpoints\/\d+\/secret$/, status: 200, schema: endpointSecretSchema },
  { route: /^POST \/v1\/endpoints\/\d+\/secret\/rotate$/, status: 200, schema: endpointSecretSchema },
  { route: /^GET \/v1\/endpoints\/\d+\/statistics$/, status: 200, schema: endpointStatisticsSchema },
  { route: /^GET \/v1\/(audit\/)?deliveries$/, status: 200, schema: deliveryListSchema },
  // With `at` it is the longer form.
  {
    route: new RegExp(`^GET /v1/deliveries/${ID}$`, "i"),
    status: 200,
    schema: z.union([currentDeliverySchema, pastDeliverySchema]),
  },
  { route: new RegExp(`^GET /v1/audit/deliveries/${ID}$`, "i"), status: 200, schema: pastDeliverySchema },
  {
    route: new RegExp(`^GET /v1/(audit/)?deliveries/${ID}/events$`, "i"),
    status: 200,
    schema: deliveryEventListSchema,
  },
  { route: new RegExp(`^GET /v1/(audit/)?deliveries/${ID}/payload$`, "i"), status: 200, schema: z.looseObject({}) },
  { route: new RegExp(`^GET /v1/audit/proof/${ID}$`, "i"), status: 200, schema: auditProofReplySchema },
  { route: /^GET \/v1\/audit\/users$/, status: 200, schema: auditUserListSchema },
  { route: /^GET \/v1\/audit\/endpoints$/, status: 200, schema: auditEndpointListSchema },
  { route: /^GET \/v1\/admin\/deliveries$/, status: 200, schema: listedDeliveriesSchema },
  { route: /^GET \/v1\/admin\/endpoints$/, status: 200, schema: listedEndpointsSchema },
  { route: /^GET \/v1\/admin\/users$/, status: 200, schema: listedUsersSchema },
  { route: /^GET \/v1\/admin\/overview$/, status: 200, schema: overviewSchema },
  { route: /^GET \/v1\/admin\/projections$/, status: 200, schema: projectionListSchema },
  { route: /^GET \/v1\/admin\/projections\/[a-z-]+$/, status: 200, schema: projectionSchema },
  { route: /^POST \/v1\/admin\/(pause|resume)$/, status: 200, schema: pauseReplySchema },
  { route: /^GET \/v1\/admin\/pauses$/, status: 200, schema: pauseListSchema },
  { route: /^(POST|DELETE) \/v1\/admin\/projections\/[a-z-]+\/rebuild$/, status: 202, schema: projectionSchema },
];

/** The routes that answer with text. */
const TEXTS = /^GET \/v1\/(ping|audit\/checkpoint|audit\/public-key)$/;

const ERROR_MEMBERS = ["error", "status_code", "timestamp"];

/** Fails when a reply does not have the form that the API promises for its route and status. */
export function checkReply(method: string, url: string, reply: Reply): void {
  if (method === "HEAD") {
    expect(reply.text).toBe("");
    return;
  }
  if (reply.status >= 400) {
    checkError(reply);
    return;
  }
  const route = decodeURIComponent(`${method} ${url.split("?")[0]}`);
  if (/^DELETE \/v1\/endpoints\/\d+$/.test(route)) {
    expect(reply.status).toBe(204);
    expect(reply.bytes.length).toBe(0);
    return;
  }
  if (/^POST \/v1\/(dispatch|endpoints\/\d+\/test)$/.test(route)) {
    checkAccepted(reply);
    return;
  }
  if (TEXTS.test(route)) return;
  if (route === "GET /v1/audit/events") {
    checkLines(reply);
    return;
  }
  const success = SUCCESSES.find((one) => one.route.test(route));
  expect(success, `a success of ${route} that no schema describes`).toBeDefined();
  expect(reply.status).toBe(success?.status);
  expect(reply.headers["content-type"]).toBe("application/json");
  expect(success?.schema.safeParse(reply.json())).toMatchObject({ success: true });
}

/** Fails when a reply is not an error of the form in docs/reference/http-api.md, its members in order. */
export function checkError(reply: Pick<Reply, "status" | "headers" | "text">): void {
  const body: unknown = JSON.parse(reply.text);
  const { details, status_code } = errorSchema.parse(body);
  expect(status_code).toBe(reply.status);
  expect(Object.keys(body as object)).toEqual(details === undefined ? ERROR_MEMBERS : [...ERROR_MEMBERS, "details"]);
  expect(details?.errors).not.toEqual([]);
  expect(reply.headers["content-type"]).toBe("application/json");
}

/** NDJSON: each line ends, and readers skip empty ones. */
function checkLines({ status, headers, text }: Reply): void {
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/x-ndjson");
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  for (const line of lines) if (line !== "") auditEventSchema.parse(JSON.parse(line));
}

function checkAccepted({ status, headers, bytes }: Reply): void {
  expect(status).toBe(202);
  expect(bytes.length).toBe(0);
  expect(headers["content-length"]).toBe("0");
  expect(headers).not.toHaveProperty("content-type");
  expect(headers).not.toHaveProperty("transfer-encoding");
  expect(headers["x-delivery-id"]).toMatch(new RegExp(`^${ID}$`));
  expect(headers["location"]).toBe(`/v1/deliveries/${String(headers["x-delivery-id"])}`);
}
