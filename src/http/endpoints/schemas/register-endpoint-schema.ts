import { z } from "zod";

import { endpointFields, parseEndpointBody } from "./endpoint-settings-schema.ts";
import type { JudgeUrl } from "./endpoint-settings-schema.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

/** What a new endpoint is made from. */
export type NewEndpoint = z.output<typeof registerEndpointSchema>;

function schemaFor(judgeUrl: JudgeUrl) {
  const { nickname, url, ...chosen } = endpointFields(judgeUrl);
  return z
    .strictObject({ nickname, url, ...z.object(chosen).partial().shape }, { error: "body must be a JSON object" })
    .meta({ description: "A new endpoint." });
}

/** The body of `POST /v1/endpoints`, to be described; `registerEndpointReader` judges its url besides. */
export const registerEndpointSchema = schemaFor(() => "ok");

/** Gives what reads the body of `POST /v1/endpoints`. `judgeUrl` is asked for every url that is a text and not blank. */
export function registerEndpointReader(judgeUrl: JudgeUrl): (body: unknown) => Parsed<NewEndpoint> {
  const schema = schemaFor(judgeUrl);
  return (body) => parseEndpointBody(schema, body);
}
