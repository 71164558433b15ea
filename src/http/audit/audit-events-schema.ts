import { z } from "zod";
import { EVENT_TYPES } from "../../events/catalogue.ts";
import { CATEGORIES } from "../../events/categories.ts";
import { deliveryStream } from "../../events/delivery.ts";
import { attemptOutcome } from "../../events/delivery-terms.ts";
import { categoryOf } from "../../events/store/event-store.ts";
import { positionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import { uuidOf } from "../../runtime/uuid.ts";
import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { idSchema } from "../requests/id-schema.ts";
import { parseStaffQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";
import { RANGE_MESSAGE, timeParameter, timeRangeOf } from "../requests/time-range.ts";
import type { TimeRange } from "../requests/time-range.ts";

/** The filters of a query; null means no filter. */
export interface AuditEventsQuery extends TimeRange {
  /** Exclusive; null: from the beginning. */
  readonly after: Position | null;
  /** The most events to give. */
  readonly limit: number;
  readonly types: ReadonlySet<string> | null;
  /** The category asked for, or that of the stream. */
  readonly category: string | null;
  /** The stream asked for, which may be that of a delivery. */
  readonly stream: string | null;
  /** Whose events: those of its own stream, its endpoints and its deliveries. */
  readonly userId: number | null;
  /** Whose events: those of its own stream and its deliveries. */
  readonly endpointId: number | null;
  readonly actor: string | null;
  /** Of an attempt. */
  readonly outcome: string | null;
  /** Whether no event can match, because a delivery was asked for and another stream. */
  readonly nothing: boolean;
  /** Whether to continue with new events. */
  readonly follow: boolean;
}

const DEFAULT_LIMIT = 1_000;
const MAX_EVENTS = 10_000;
const LIMIT_MESSAGE = `limit must be between 1 and ${MAX_EVENTS}`;
const AFTER_MESSAGE = "after must be a position of the log, a number of at most 20 digits";
const TYPE_MESSAGE = `type must be event types separated by commas, each one of ${EVENT_TYPES.join(", ")}`;
const STREAM_MESSAGE = "stream must be the name of a stream such as user-1, or of a whole category such as delivery-*";
const DELIVERY_ID_MESSAGE = "delivery_id must be the id of a delivery, a UUID";
const CATEGORY_MESSAGE = `the category of stream must be one of ${CATEGORIES.join(", ")}`;

/** The query of `GET /v1/audit/events`. It both validates and describes. */
export const auditEventsSchema = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,20}$/, { error: AFTER_MESSAGE })
    .optional()
    .meta({ description: "Only what comes after this position. Default: from the beginning." }),
  limit: z
    .int({ error: (issue) => (issue.code === "invalid_type" ? "limit must be an integer" : LIMIT_MESSAGE) })
    .min(1, { error: LIMIT_MESSAGE })
    .max(MAX_EVENTS, { error: LIMIT_MESSAGE })
    .optional()
    .meta({ description: `How many events at the most (default ${DEFAULT_LIMIT}); not together with follow.` }),
  type: z
    .string()
    .refine((text) => text.split(",").every((type) => EVENT_TYPES.includes(type)), { error: TYPE_MESSAGE })
    .optional()
    .meta({ description: "Only events of these types, with commas between them." }),
  stream: z
    .string()
    .regex(/^[a-z][A-Za-z0-9]*-\S{1,200}$/, { error: STREAM_MESSAGE, abort: true })
    .refine((text) => CATEGORIES.some((category) => category === categoryOf(text)), { error: CATEGORY_MESSAGE })
    .optional()
    .meta({ description: "Only this stream; `delivery-*` is all streams of the category `delivery`." }),
  from: timeParameter("from").optional().meta({ description: "Only events recorded at or after this time." }),
  to: timeParameter("to").optional().meta({ description: "Only events recorded before this time." }),
  user_id: idSchema("user_id")
    .optional()
    .meta({ description: "Only events of this user, its endpoints and its deliveries." }),
  endpoint_id: endpointIdSchema.optional().meta({ description: "Only events of this endpoint and its deliveries." }),
  delivery_id: z
    .string()
    .refine((text) => uuidOf(text) !== null, { error: DELIVERY_ID_MESSAGE })
    .optional()
    .meta({ description: "Only events of this delivery." }),
  actor: z
    .string()
    .optional()
    .meta({ description: "Only what this actor did, such as `user:2` or `delivery-worker`." }),
  outcome: z
    .enum(attemptOutcome.options, { error: `outcome must be one of ${attemptOutcome.options.join(", ")}` })
    .optional()
    .meta({ description: "Only attempts with this outcome." }),
  follow: z
    .literal("true", { error: "follow must be true, or be left out" })
    .optional()
    .meta({ description: "Continues with new events until one side closes the connection." }),
});

/** The filters of which no event tells by itself whether it matches, so that they are not followed. */
const NOT_FOLLOWED = ["user_id", "endpoint_id", "from", "to"] as const;

/** Parses that query. Whether the position exists is checked against the log. */
export function parseAuditEvents(query: Readonly<Record<string, unknown>>): Parsed<AuditEventsQuery> {
  const parsed = parseStaffQuery(auditEventsSchema, query, ["limit", "user_id", "endpoint_id"]);
  if (!parsed.ok) return parsed;
  const { after, limit, type, follow, user_id, endpoint_id, actor, outcome } = parsed.value;
  const range = timeRangeOf(parsed.value);
  if (range === null) return { ok: false, errors: [RANGE_MESSAGE] };
  if (follow !== undefined && limit !== undefined) {
    return { ok: false, errors: ["limit and follow must not be given together: following has no end"] };
  }
  const unfollowed = NOT_FOLLOWED.find((name) => parsed.value[name] !== undefined);
  if (follow !== undefined && unfollowed !== undefined) {
    const error = `${unfollowed} and follow must not be given together: follow with type, actor, outcome, stream or delivery_id`;
    return { ok: false, errors: [error] };
  }
  return {
    ok: true,
    value: {
      ...range,
      ...placesOf(parsed.value),
      after: after === undefined ? null : positionOf(BigInt(after)),
      limit: limit ?? DEFAULT_LIMIT,
      types: type === undefined ? null : new Set(type.split(",")),
      userId: user_id ?? null,
      endpointId: endpoint_id ?? null,
      actor: actor ?? null,
      outcome: outcome ?? null,
      follow: follow !== undefined,
    },
  };
}

/** The streams that are asked for by name, by category and by the id of a delivery. */
function placesOf({
  stream,
  delivery_id,
}: z.output<typeof auditEventsSchema>): Pick<AuditEventsQuery, "category" | "stream" | "nothing"> {
  const category = stream === undefined ? null : categoryOf(stream);
  const named = stream === undefined || stream === `${category}-*` ? null : stream;
  if (delivery_id === undefined) return { category, stream: named, nothing: false };
  const delivery = deliveryStream(uuidOf(delivery_id) ?? delivery_id);
  const nothing = (category ?? "delivery") !== "delivery" || (named ?? delivery) !== delivery;
  return { category: "delivery", stream: delivery, nothing };
}

/** One line of the reply. */
export const auditEventSchema = z.strictObject({
  data: z.unknown(),
  id: z.string(),
  metadata: z.unknown(),
  position: z
    .string()
    .regex(/^\d{20}$/)
    .meta({ description: "Where it stands in the log: give it as `after` to continue from there." }),
  recorded_at: z.iso
    .datetime()
    .meta({ description: "When the store recorded it. Neither this nor the position is proven by the audit tree." }),
  revision: z.int().min(0),
  stream: z.string(),
  type: z.string(),
});
