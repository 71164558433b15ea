import { memberOffsets, memberText, membersWithEscapedKeys } from "./json-text.ts";

/** How deep a member's value may be nested: `{}` is one level, `{"a":[]}` is two. The body's own braces come on top. */
export const MAX_NESTING = 64;

/** A request's body: a JSON object, and the text that it was read from. */
export interface JsonBody {
  /** The object as JSON.parse gives it. A key `__proto__` is a plain member of it, which changes no prototype. */
  readonly value: unknown;
  /**
   * The value of a top-level member exactly as the client wrote it, without the white space around it, or null when
   * there is no such member. Encoded as UTF-8 it is the very bytes of the request. Of duplicate keys the last one counts.
   */
  memberText(name: string): string | null;
}

/** The body is not a JSON object that can be accepted. The message is one short sentence for `details.errors`. */
export class MalformedBody extends Error {
  readonly code = "malformed_body";

  constructor(message: string) {
    super(message);
    this.name = "MalformedBody";
  }
}

/**
 * Fatal: bytes that are not UTF-8 would otherwise become U+FFFD, and the payload would not be what the client wrote. It
 * takes away one byte order mark at the start: RFC 8259 section 8.1 forbids to send it and allows a reader to ignore it,
 * and some clients' libraries do send it. It stands before the body's brace, so it is never part of a payload.
 */
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body, which must be a JSON object in UTF-8 whose members are nested at most MAX_NESTING levels. The
 * nesting is measured without recursion before anything else looks at the text.
 *
 * @throws MalformedBody for everything else, and nothing but that.
 */
export function readJsonBody(bytes: Uint8Array): JsonBody {
  const text = decoded(bytes);
  const offsets = memberOffsets(text, MAX_NESTING + 1);
  if (offsets === null) throw new MalformedBody(`body must not be nested deeper than ${MAX_NESTING} levels`);
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedBody("body must be a JSON object");
  }
  // V8 13.6 (Node 24) may read a key that is written with escapes as another key which it has seen before: after any object
  // with the key "\\", the text {"\u002b":1} gives {"\\":1}. So such a body is put together from its members.
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

/** The parser's own error is dropped on purpose: it quotes the body, which belongs in no log line. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedBody("body must be valid JSON");
  }
}
