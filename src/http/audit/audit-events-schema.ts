import { z } from "zod";
import { EVENT_TYPES } from "../../events/catalogue.ts";
import { CATEGORIES } from "../../events/categories.ts";
import { categoryOf } from "../../events/store/event-store.ts";
import { positionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import { parseQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** The filters of a query; null means no filter. */
export interface AuditEventsQuery {
  /** Exclusive; null: from the beginning. */
  readonly after: Position | null;
  /** The most events to give. */
  readonly limit: number;
  readonly types: ReadonlySet<string> | null;
  /** The category asked for, or that of the stream. */
  readonly category: string | null;
  /** The stream asked for. */
  readonly stream: string | null;
  /** Whether to continue with new events. */
  readonly follow: boolean;
}

const DEFAULT_LIMIT = 1_000;
const MAX_EVENTS = 10_000;
const LIMIT_MESSAGE = `limit must be between 1 and ${MAX_EVENTS}`;
const AFTER_MESSAGE = "after must be a position of the log, a number of at most 20 digits";
const TYPE_MESSAGE = `type must be event types separated by commas, each one of ${EVENT_TYPES.join(", ")}`;
const STREAM_MESSAGE = "stream must be the name of a stream such as user-1, or of a whole category such as delivery-*";
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
  follow: z
    .literal("true", { error: "follow must be true, or be left out" })
    .optional()
    .meta({ description: "Continues with new events until one side closes the connection." }),
});

/** Parses that query. Whether the position exists is checked against the log. */
export function parseAuditEvents(query: Readonly<Record<string, unknown>>): Parsed<AuditEventsQuery> {
  const parsed = parseQuery(auditEventsSchema, query, ["limit"]);
  if (!parsed.ok) return parsed;
  const { after, limit, type, stream, follow } = parsed.value;
  if (follow !== undefined && limit !== undefined) {
    return { ok: false, errors: ["limit and follow must not be given together: following has no end"] };
  }
  const category = stream === undefined ? null : categoryOf(stream);
  return {
    ok: true,
    value: {
      after: after === undefined ? null : positionOf(BigInt(after)),
      limit: limit ?? DEFAULT_LIMIT,
      types: type === undefined ? null : new Set(type.split(",")),
      category,
      stream: stream === undefined || stream === `${category}-*` ? null : stream,
      follow: follow !== undefined,
    },
  };
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
