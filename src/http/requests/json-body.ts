import { memberOffsets, memberText, membersWithEscapedKeys } from "./json-text.ts";

/**
 * How deep a member's value may be nested: `{}` is one level, `{"a":[]}` is two. The body's own braces do not count.
 */
export const MAX_NESTING = 64;

/** A request's body: a JSON object, and the text that it was read from. */
export interface JsonBody {
  /** The object from JSON.parse. A key `__proto__` is a plain member and changes no prototype. */
  readonly value: unknown;
  /**
   * The value of a top-level member exactly as the client wrote it, without surrounding white space, or null if there
   * is no such member. In UTF-8 it has the same bytes as in the request. Of duplicate keys the last one counts.
   */
  memberText(name: string): string | null;
}

/** The body is not an acceptable JSON object. The message is one short sentence for `details.errors`. */
export class MalformedBody extends Error {
  readonly code = "malformed_body";

  constructor(message: string) {
    super(message);
    this.name = "MalformedBody";
  }
}

/**
 * Fatal, because invalid UTF-8 would otherwise become U+FFFD, and the payload would differ from what the client wrote.
 * It removes one byte order mark at the start, which some libraries send: RFC 8259 section 8.1 forbids sending it, and
 * allows ignoring it. It is before the body's brace, so it is never part of a payload.
 */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses a request's body, which must be a JSON object in UTF-8 with members nested at most MAX_NESTING levels. The
 * nesting is measured first, without recursion.
 *
 * @throws MalformedBody for any other body, and nothing else
 */
export function readJsonBody(bytes: Uint8Array): JsonBody {
  const text = decoded(bytes);
  const offsets = memberOffsets(text, MAX_NESTING + 1);
  if (offsets === null) throw new MalformedBody(`body must not be nested deeper than ${MAX_NESTING} levels`);
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedBody("body must be a JSON object");
  }
  // V8 13.6 (Node 24) may read a key written with escapes as another key that it has seen before: after any object with
  // the key "\\", the text {"\u002b":1} gives {"\\":1}. Such a body is therefore rebuilt from its members.
  const members = membersWithEscapedKeys(text, offsets);
  const sound: unknown = members ? Object.fromEntries(members.map(([key, its]) => [key, parsed(its)])) : value;
  return { value: sound, memberText: (name) => memberText(text, offsets, name) };
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedBody("body must be valid UTF-8");
  }
}

/** Drops the parser's own error, which quotes the body: that must not be logged. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBody("body must be valid JSON");
  }
}
