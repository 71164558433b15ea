import { z } from "zod";
import { printable } from "../runtime/printable.ts";

/** Headers of an endpoint's owner, in the order in which they were chosen. */
export type EndpointHeaders = Readonly<Record<string, string>>;

/** What a chosen header may be. */
export const HEADER_LIMITS = { headers: 20, nameCharacters: 64, valueCharacters: 1024 } as const;

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible ASCII with blanks only inside: a receiver takes off those around it (RFC 9110 section 5.5). */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/**
 * Headers that an owner must not choose, all in lower case, a prefix with a star: those of the connection and the message, which
 * could smuggle another request; those that say who the client is; those that the gateway signs with or sends itself; and
 * those that open metadata services of clouds.
 */
const REFUSED = [
  ...["host", "connection", "keep-alive", "proxy-*", "te", "trailer", "transfer-encoding", "upgrade", "expect"],
  ...["content-*", "cookie", "date", "user-agent", "accept-encoding", "forwarded", "x-forwarded-*", "via"],
  ...["webhook-*", "x-aws-*", "x-amz*", "x-goog*", "x-google*", "x-azure-*", "metadata", "metadata-flavor"],
];
const REFUSED_NAMES = new Set(REFUSED.filter((name) => !name.endsWith("*")));
const REFUSED_PREFIXES = REFUSED.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));

/** Whether an owner may choose a header of this name (a token), whatever its case. */
export function mayChooseHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return !REFUSED_NAMES.has(lower) && !REFUSED_PREFIXES.some((prefix) => lower.startsWith(prefix));
}

/** What is wrong with these headers, each header's first fault; empty when nothing is. */
export function headerMessages(headers: unknown): string[] {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return ["headers must be an object"];
  const entries = Object.entries(headers);
  if (entries.length > HEADER_LIMITS.headers) return [`headers must be at most ${HEADER_LIMITS.headers}`];
  const seen = new Set<string>();
  return entries.map(([name, value]) => headerMessage(name, value, seen)).filter((message) => message !== null);
}

function headerMessage(name: string, value: unknown, seen: Set<string>): string | null {
  const { nameCharacters, valueCharacters } = HEADER_LIMITS;
  const shown = `header "${printable(name)}"`;
  if (!TOKEN.test(name) || name.length > nameCharacters) {
    return `${shown} must have a name of 1 to ${nameCharacters} letters, digits and !#$%&'*+-.^_\`|~`;
  }
  if (!mayChooseHeader(name)) return `${shown} must not be set`;
  const lower = name.toLowerCase();
  if (seen.has(lower)) return `${shown} must be given once`;
  seen.add(lower);
  if (typeof value === "string" && VALUE.test(value) && value.length <= valueCharacters) return null;
  // Never the value itself: it may be a credential.
  return `${shown} must have a value of 1 to ${valueCharacters} printable ASCII characters, without blanks around them`;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** Headers as a body has them; null is none. */
export const endpointHeadersSchema = z
  .unknown()
  .check((context) => {
    if (isAbsent(context.value)) return;
    for (const message of headerMessages(context.value)) {
      context.issues.push({ code: "custom", message, input: context.value });
    }
  })
  .transform((headers) => (isAbsent(headers) ? null : (headers as EndpointHeaders)))
  .meta({
    description: "Sent with every attempt, beside the gateway's own. Shown to the endpoint's owner alone.",
    type: ["object", "null"],
    maxProperties: HEADER_LIMITS.headers,
    examples: [{ authorization: "Bearer 7f3c" }],
  });
