import type { FastifyRequest } from "fastify";
import type { ExpectedEndpoint } from "../../commands/handling/endpoint-command.ts";
import type { EndpointDocument } from "../../projections/endpoints.ts";

/** One entity tag of a list, its quotes and what may stand before and behind it (RFC 9110, sections 5.6.1 and 8.8.3). */
const LISTED_TAG = /[\t ,]*(?<weak>W\/)?"(?<tag>[\x21\x23-\x7e\x80-\xff]*)"[\t ]*(?=,|$)/y;
/** What is left of a list behind its last tag. */
const LIST_END = /^[\t ,]*$/;

/**
 * The ETag of an endpoint: another after each change of what `GET /v1/endpoints/{id}` shows or of its keys, and the same on
 * every instance.
 */
export function endpointTag({ change_count }: Pick<EndpointDocument, "change_count">): string {
  return `"${change_count}"`;
}

/**
 * What the header If-Match says of the endpoint that is to be changed (RFC 9110, section 13.1.1). `*` is any endpoint that
 * exists. A weak tag matches none, as `If-Match` compares strongly; neither does a header that is malformed, because its
 * sender meant to be careful.
 */
export function expectedOf({ headers }: Pick<FastifyRequest, "headers">): { readonly expected?: ExpectedEndpoint } {
  const header = headers["if-match"];
  if (header === undefined || header.trim() === "*") return {};
  const changeCounts: number[] = [];
  LISTED_TAG.lastIndex = 0;
  let end = 0;
  for (let found = LISTED_TAG.exec(header); found !== null; found = LISTED_TAG.exec(header)) {
    end = LISTED_TAG.lastIndex;
    const { weak, tag = "" } = found.groups ?? {};
    if (weak === undefined && /^[1-9]\d*$/.test(tag)) changeCounts.push(Number(tag));
  }
  return { expected: LIST_END.test(header.slice(end)) ? changeCounts : [] };
}
