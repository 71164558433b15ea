import type { IncomingMessage } from "node:http";
import { HttpError } from "../errors.ts";
import { referenceMessages } from "../requests/reference-rule.ts";

/** The header that a client may send instead of the field, when another program writes its bodies. */
const HEADER = "Webhook-Reference";
const HEADER_KEY = HEADER.toLowerCase();

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The reference of a dispatch, from its body or from the header; null without one.
 *
 * @param inBody the valid one from the body; null without one
 * @throws HttpError 400 when the header is invalid, is sent twice, or differs from the body
 */
export function referenceOf(
  { headers, rawHeaders }: Pick<IncomingMessage, "headers" | "rawHeaders">,
  inBody: string | null,
): string | null {
  const value = headers[HEADER_KEY];
  if (value === undefined) return inBody;
  // Node joins what is sent twice with a comma, which may be a part of a reference as well.
  const times = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === HEADER_KEY).length;
  if (typeof value !== "string" || times > 1) throw refused(`${HEADER} must be given once`);
  const inHeader = decoded(value);
  if (inHeader === null) throw refused(`${HEADER} must be in UTF-8`);
  const messages = referenceMessages(HEADER, inHeader);
  if (messages.length > 0) throw refused(...messages);
  if (inBody !== null && inBody !== inHeader) throw refused(`reference and ${HEADER} must not differ`);
  return inHeader;
}

/** The text of a header's bytes, which Node gives as Latin-1; null when they are not UTF-8. */
function decoded(value: string): string | null {
  try {
    return utf8.decode(Buffer.from(value, "latin1"));
  } catch {
    return null;
  }
}

function refused(...errors: string[]): HttpError {
  return new HttpError("invalid_request", { errors });
}
