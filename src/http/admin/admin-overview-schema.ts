import { z } from "zod";
import { time } from "../replies/reply-fields.ts";
import { listedDeliverySchema } from "./admin-deliveries-schema.ts";
import { pauseReplySchema } from "./pause-schema.ts";

const count = z.int().min(0);
/** A figure that is counted now and then. */
const counted = count.nullable();
const bytes = counted.meta({ description: "Null where it is not on this machine, or not known yet." });

/** The reply to `GET /v1/admin/overview`. */
export const overviewSchema = z
  .strictObject({
    time,
    instance: z.strictObject({ id: z.uuid(), version: z.string(), revision: z.string(), uptime_seconds: count }),
    oldest_due: listedDeliverySchema.nullable().meta({ description: "Null when nothing is due." }),
    deliveries: z.strictObject({ due: counted, due_within_hour: counted, held: counted, under_way: counted }),
    endpoints: z.strictObject({
      failing: counted,
      failing_from: count.meta({ description: "From how many failed attempts in a row one counts as failing." }),
    }),
    queue: z
      .strictObject({ waiting: count, limit: count, under_way: count, under_way_limit: count })
      .meta({ description: "What waits in this instance's memory, and its attempts under way." }),
    breakers: z.array(z.never()),
    paused_count: count.meta({ description: "The pauses in force." }),
    paused: z
      .array(pauseReplySchema.omit({ paused: true }))
      .max(20)
      .meta({ description: "That of everything first, then the oldest. `GET /v1/admin/pauses` has them all." }),
    projections: z.array(
      z.strictObject({ name: z.string(), live: z.boolean(), lag_seconds: z.number().nonnegative() }),
    ),
    log: z.strictObject({ head: z.string().nullable(), bytes }),
    read_models: z.strictObject({ bytes }),
    disk_free_bytes: bytes,
    counted_seconds_ago: z
      .number()
      .nonnegative()
      .nullable()
      .meta({ description: "How old the counts and sizes are; null before they were counted once." }),
  })
  .meta({ description: "How the gateway is." });
