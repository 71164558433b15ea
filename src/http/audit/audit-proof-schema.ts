import { z } from "zod";
import { parseQuery } from "../requests/query.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** The sizes of the tree to prove something between; null: the current size, or no such proof. */
export interface AuditProofQuery {
  readonly tree_size: number | null;
  readonly from_size: number | null;
}

/** A size in a query; at most what a number holds exactly. */
function size(name: string): z.ZodCodec<z.ZodString, z.ZodInt> {
  const error = `${name} must be a whole number from 1`;
  return z.codec(z.string().regex(/^[1-9]\d{0,15}$/, { error }), z.int({ error }), {
    decode: Number,
    encode: String,
  });
}

/** The query of `GET /v1/audit/proof/{event_id}`. It both validates and describes. */
export const auditProofSchema = z.strictObject({
  tree_size: size("tree_size").optional().meta({ description: "The size of the tree. Default: that of now." }),
  from_size: size("from_size")
    .optional()
    .meta({ description: "Adds a proof that the tree begins with the one that had this size." }),
});

/** Parses that query. */
export function parseAuditProof(query: Readonly<Record<string, unknown>>): Parsed<AuditProofQuery> {
  const parsed = parseQuery(auditProofSchema, query);
  if (!parsed.ok) return parsed;
  const { tree_size = null, from_size = null } = parsed.value;
  if (tree_size !== null && from_size !== null && from_size > tree_size) {
    return { ok: false, errors: ["from_size must not be above tree_size"] };
  }
  return { ok: true, value: { tree_size, from_size } };
}
