import { z } from "zod";

import { endpointFields, parseEndpointBody } from "./endpoint-settings-schema.ts";
import type { JudgeUrl } from "./endpoint-settings-schema.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

/** What is to be different of an endpoint; what is absent stays as it is. */
export type EndpointPatch = z.output<typeof updateEndpointSchema>;

function schemaFor(judgeUrl: JudgeUrl) {
  return z
    .strictObject(z.object(endpointFields(judgeUrl)).partial().shape, { error: "body must be a JSON object" })
    .meta({ description: "What is to be different; null is the gateway's own choice. What is absent stays as it is." });
}

/** The body of `PATCH /v1/endpoints/{id}`, to be described; `updateEndpointReader` judges its url besides. */
export const updateEndpointSchema = schemaFor(() => "ok");

/** Gives what reads the body of `PATCH /v1/endpoints/{id}`; `judgeUrl` as for `registerEndpointReader`. */
export function updateEndpointReader(judgeUrl: JudgeUrl): (body: unknown) => Parsed<EndpointPatch> {
  const schema = schemaFor(judgeUrl);
  return (body) => parseEndpointBody(schema, body);
}
