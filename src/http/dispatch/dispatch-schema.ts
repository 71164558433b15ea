import { z } from "zod";

import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { isAbsent, messagesOf } from "../requests/schema-rules.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** What a dispatch asks for. The payload's text is not here: it is taken from the body as it was written. */
export interface DispatchRequest {
  readonly endpoint_id: number;
}

const endpointId = endpointIdSchema.meta({ description: "The endpoint to deliver to.", examples: [1] });

/** Says what is wrong with a payload, or null. It looks no deeper than needed: the payload is an opaque text everywhere else. */
function payloadMessage(payload: unknown): string | null {
  if (isAbsent(payload)) return "payload must not be empty";
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "payload must be a JSON object";
  for (const key in payload) if (Object.hasOwn(payload, key)) return null;
  return "payload must not be empty";
}

/** Not `z.record` or `z.looseObject`, which would copy the whole payload on the hot path. */
const payload = z
  .unknown()
  .check((context) => {
    const message = payloadMessage(context.value);
    if (message !== null) context.issues.push({ code: "custom", message, input: context.value });
  })
  .meta({
    description: "What the endpoint gets, byte for byte as it stands here. Nested at most 64 levels.",
    type: "object",
    minProperties: 1,
    examples: [{ order: 42, total: 19.99 }],
  });

/** The body of `POST /v1/dispatch`. It both validates and describes; docs/reference/http-api.md has its messages. */
export const dispatchSchema = z
  .strictObject({ endpoint_id: endpointId, payload }, { error: "body must be a JSON object" })
  .meta({ description: "A payload and the endpoint to deliver it to." });

/** Reads the body of `POST /v1/dispatch`; on the hot path. */
export function parseDispatch(body: unknown): Parsed<DispatchRequest> {
  const result = dispatchSchema.safeParse(body);
  if (result.success) return { ok: true, value: { endpoint_id: result.data.endpoint_id } };
  const { rules, unknown } = messagesOf(result.error, "field");
  return { ok: false, errors: [...rules, ...unknown] };
}
