import { z } from "zod";

import { endpointIdSchema } from "../endpoints/schemas/endpoint-id-schema.ts";
import { REFERENCE_LIMITS, referenceSchema } from "../requests/reference-rule.ts";
import { isAbsent, messagesOf, numberOrSame } from "../requests/schema-rules.ts";
import type { Parsed } from "../requests/schema-rules.ts";

/** The fields of a dispatch, without the payload, whose exact text is taken from the body. */
export interface DispatchRequest {
  readonly endpoint_id: number;
  readonly reference: string | null;
}

const endpointId = endpointIdSchema.meta({
  description: "The endpoint to deliver to. Digits in a string are taken as their number.",
  examples: [1],
});

/** The mistake in a payload, or null. Checks only the top level: the payload is opaque everywhere else. */
function payloadMessage(payload: unknown): string | null {
  if (isAbsent(payload)) return "payload must not be empty";
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return "payload must be a JSON object";
  for (const key in payload) if (Object.hasOwn(payload, key)) return null;
  return "payload must not be empty";
}

/** Not `z.record` or `z.looseObject`, which would copy the whole payload on every dispatch. */
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

const reference = referenceSchema("reference")
  .nullish()
  .meta({
    description:
      "Your own name for the delivery, such as the number of an order. It is not sent, and need not be unique.",
    minLength: REFERENCE_LIMITS.min,
    maxLength: REFERENCE_LIMITS.max,
    examples: ["order-42"],
  });

/** The body of `POST /v1/dispatch`. It both validates and describes; docs/reference/http-api.md has its messages. */
export const dispatchSchema = z
  .strictObject({ endpoint_id: endpointId, payload, reference }, { error: "body must be a JSON object" })
  .meta({ description: "A payload and the endpoint to deliver it to." });

/** Parses the body of `POST /v1/dispatch`. Speed matters here. */
export function parseDispatch(body: unknown): Parsed<DispatchRequest> {
  const result = dispatchSchema.safeParse(withNumericId(body));
  if (result.success) {
    const { endpoint_id, reference = null } = result.data;
    return { ok: true, value: { endpoint_id, reference } };
  }
  const { rules, unknown } = messagesOf(result.error, "field");
  return { ok: false, errors: [...rules, ...unknown] };
}

/** The body with an id that was sent as text, such as one from a form, as its number; any other body itself. */
function withNumericId(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("endpoint_id" in body)) return body;
  const { endpoint_id } = body;
  return typeof endpoint_id === "string" ? { ...body, endpoint_id: numberOrSame(endpoint_id) } : body;
}
