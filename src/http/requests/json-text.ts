/**
 * The members of the outermost object of a JSON text, four offsets (in UTF-16 units) each: the key's opening quote, the
 * end of its closing quote, the end of the colon, and the comma or closing brace.
 */
export type MemberOffsets = readonly number[];

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * Scans an unchecked text once, without recursion. Returns the offsets of its outermost object's members, or null as
 * soon as brackets and braces are nested deeper than `depthLimit`. The offsets are meaningful only if the text is a
 * JSON object, and harmless otherwise. Never throws; takes linear time.
 */
export function memberOffsets(text: string, depthLimit: number): MemberOffsets | null {
  const offsets: number[] = [];
  let depth = 0;
  let keyStart = 0;
  let keyEnd = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = closingQuote(text, at);
        if (end === -1) return offsets;
        if (depth === 1) {
          keyStart = at;
          keyEnd = end + 1;
        }
        at = end;
        break;
      }
      case COLON:
        if (depth === 1 && offsets.length % 4 === 0) offsets.push(keyStart, keyEnd, at + 1);
        break;
      case COMMA:
        if (depth === 1 && offsets.length % 4 === 3) offsets.push(at);
        break;
      case OPENING_BRACE:
      case OPENING_BRACKET:
        depth++;
        if (depth > depthLimit) return null;
        break;
      case CLOSING_BRACE:
      case CLOSING_BRACKET:
        depth--;
        if (depth === 0 && offsets.length % 4 === 3) offsets.push(at);
        break;
    }
  }
  return offsets;
}

/**
 * The exact text of a top-level member's value, without surrounding white space, or null if there is no such member.
 * `text` must be a valid JSON object and `offsets` its own. Of several members with this name the last one counts, as
 * in JSON.parse, even if its key is written with escapes.
 */
export function memberText(text: string, offsets: MemberOffsets, name: string): string | null {
  for (let at = offsets.length - 4; at >= 0; at -= 4) {
    if (keyOf(text.slice(offsets[at], offsets[at + 1])) === name) {
      return trimmed(text, offsets[at + 2] ?? 0, offsets[at + 3] ?? 0);
    }
  }
  return null;
}

/**
 * The keys of a JSON object and the texts of their values, in order, or null if no key is written with escapes. `text`
 * must be a valid JSON object and `offsets` its own.
 */
export function membersWithEscapedKeys(text: string, offsets: MemberOffsets): [key: string, text: string][] | null {
  const keys: string[] = [];
  for (let at = 0; at < offsets.length; at += 4) keys.push(text.slice(offsets[at], offsets[at + 1]));
  if (!keys.some((quoted) => quoted.includes("\\"))) return null;
  return keys.map((quoted, index) => [
    String(keyOf(quoted)),
    trimmed(text, offsets[index * 4 + 2] ?? 0, offsets[index * 4 + 3] ?? 0),
  ]);
}

/** The offset of the closing quote of the string that begins at `start`, or -1. */
function closingQuote(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** A quote is escaped if an odd number of backslashes precedes it. The string's opening quote ends the count. */
function isEscaped(text: string, quote: number): boolean {
  let before = quote - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (quote - 1 - before) % 2 === 1;
}

function keyOf(quoted: string): unknown {
  return quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
}

function trimmed(text: string, start: number, end: number): string {
  while (isWhiteSpace(text.charCodeAt(start))) start++;
  while (isWhiteSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The four characters of RFC 8259 section 2; `trim` would remove more. */
function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
