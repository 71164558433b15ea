import { z } from "zod";

/** How many things a page of a list has. */
export const PAGE_LIMITS = { min: 1, max: 100, default: 20 } as const;
const LIMIT_MESSAGE = `limit must be between ${PAGE_LIMITS.min} and ${PAGE_LIMITS.max}`;
/** No cursor that we write is longer. */
const MAX_CURSOR_CHARACTERS = 1024;

const limit = z
  .int({ error: (issue) => (issue.code === "invalid_type" ? "limit must be an integer" : LIMIT_MESSAGE) })
  .min(PAGE_LIMITS.min, { error: LIMIT_MESSAGE })
  .max(PAGE_LIMITS.max, { error: LIMIT_MESSAGE })
  .default(PAGE_LIMITS.default);

const cursor = z
  .string()
  .max(MAX_CURSOR_CHARACTERS, { error: "cursor must be the next_cursor of an earlier page" })
  .optional()
  .meta({ description: "The `next_cursor` of the page before, with the same filters." });

/** The fields `limit` and `cursor` in the schema of a list's query; `things` are what it lists. */
export function pageParameters(things: string): { readonly limit: typeof limit; readonly cursor: typeof cursor } {
  return { limit: limit.meta({ description: `How many ${things} a page has at most.` }), cursor };
}
