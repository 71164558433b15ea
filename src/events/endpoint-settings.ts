import { z } from "zod";
import { endpointHeadersSchema } from "./endpoint-headers.ts";
import { openSetting, sealedSetting } from "./endpoint-setting.ts";

/** The waits of a schedule, each in seconds. */
export const RETRY_LIMITS = { waits: 20, minSeconds: 1, maxSeconds: 604_800 } as const;
/** Attempts under way to one endpoint at a time. */
export const CONCURRENCY_LIMITS = { min: 1, max: 100 } as const;

const WAITS = `retry_schedule must be a list of at most ${RETRY_LIMITS.waits} whole numbers of seconds`;
const WAIT = `retry_schedule must have waits between ${RETRY_LIMITS.minSeconds} and ${RETRY_LIMITS.maxSeconds} seconds`;
const CONCURRENCY = `max_concurrency must be between ${CONCURRENCY_LIMITS.min} and ${CONCURRENCY_LIMITS.max}`;

/**
 * What the owner of an endpoint may choose, each by its name in the log: the one list from which the events, the read
 * model, the bodies and the replies come. Bodies report its errors, and replies show it, in this order.
 *
 * A new setting is one entry, with `since` one above the highest, and whatever it does. The versions of the events and of the
 * read model rise with `since`.
 */
export const ENDPOINT_SETTINGS = {
  /** The waits after the first, second, … failed attempt, in seconds. */
  retrySchedule: openSetting({
    name: "retry_schedule",
    since: 2,
    logged: z.array(z.number().nonnegative()).max(RETRY_LIMITS.waits).nullable(),
    default: null,
    chosen: z
      .array(
        z
          .int({ error: (issue) => (issue.code === "invalid_type" ? WAITS : WAIT) })
          .min(RETRY_LIMITS.minSeconds, { error: WAIT })
          .max(RETRY_LIMITS.maxSeconds, { error: WAIT }),
        { error: WAITS },
      )
      .max(RETRY_LIMITS.waits, { error: WAITS })
      .nullable()
      .meta({
        description:
          "The waits after the first, second, … failed attempt, in seconds; one attempt more than waits. Null: the gateway's own.",
        examples: [[60, 120, 240, 480]],
      }),
    shown: z
      .array(z.number().min(0))
      .meta({ description: "The waits after the first, second, … failed attempt, in seconds, as they are now." }),
    show: (waits, { retryScheduleSeconds }) => waits ?? retryScheduleSeconds,
  }),

  /** Attempts under way at a time. */
  maxConcurrency: openSetting({
    name: "max_concurrency",
    since: 2,
    logged: z.int().positive().nullable(),
    default: null,
    chosen: z
      .int({ error: (issue) => (issue.code === "invalid_type" ? "max_concurrency must be an integer" : CONCURRENCY) })
      .min(CONCURRENCY_LIMITS.min, { error: CONCURRENCY })
      .max(CONCURRENCY_LIMITS.max, { error: CONCURRENCY })
      .nullable()
      .meta({ description: "How many attempts are under way to it at a time. Null: the gateway's own number." }),
    shown: z.int().min(1).meta({ description: "Attempts under way at a time, as it is now." }),
    show: (attempts, { concurrencyPerEndpoint }) => attempts ?? concurrencyPerEndpoint,
  }),

  /** Headers of its owner's own. */
  sealedHeaders: sealedSetting({
    name: "headers",
    since: 2,
    logged: z.string().nullable(),
    default: null,
    chosen: endpointHeadersSchema,
    shown: z.record(z.string(), z.string()).meta({ description: "What was chosen, as it was sent." }),
  }),

  /** Whether attempts are also signed with its ed25519 key. */
  ed25519: openSetting({
    name: "ed25519",
    since: 2,
    logged: z.boolean(),
    default: false,
    chosen: z
      .boolean({ error: "ed25519 must be true or false" })
      .nullable()
      .meta({ description: "Whether attempts are also signed with ed25519 (`v1a`). Null: no." }),
    shown: z.boolean(),
    show: (isOn) => isOn,
  }),
};
