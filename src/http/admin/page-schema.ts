import { z } from "zod";
import { listDeliveriesSchema } from "../deliveries/list-deliveries-schema.ts";

const { limit, cursor } = listDeliveriesSchema.shape;

/** What every list for operators takes. */
export const pageSchema = z.strictObject({
  limit: limit.meta({ description: "How many a page has at most." }),
  cursor,
});
