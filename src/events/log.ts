import { z } from "zod";

/** The log was taken into use, with a master key that this check belongs to: every instance must have the same. */
export const logBegunData = z.object({
  /** Tells one master key from another and gives none away. */
  masterKeyCheck: z.string().min(1),
  begunAt: z.iso.datetime(),
});

export type LogBegun = { readonly type: "LogBegun"; readonly data: Readonly<z.infer<typeof logBegunData>> };

/** The one stream that says how the log was begun. */
export const LOG_STREAM = "log-begin";
