/**
 * The members of the outermost object of a JSON text, four offsets (in UTF-16 units) each: where the key's opening quote
 * is, what follows its closing quote, what follows the colon, and where the comma or the closing brace is.
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
 * Reads a text that was not checked before, once, without recursion, and gives the offsets of its outermost object's
 * members, or null as soon as brackets and braces are nested deeper than `depthLimit`. The offsets mean something only
 * when the text turns out to be a JSON object; for any other text they are merely harmless. Never throws, and takes time
 * in proportion to the text.
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
 * The exact text of the value of a top-level member, without the white space around it, or null when there is no such
 * member. `text` must be a valid JSON object and `offsets` its own. Of several members with this name the last one counts,
 * as it does in JSON.parse, and so does a key that spells the name with escapes.
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
 * The members of a JSON object with their keys and the texts of their values, in order, or null when every key is written
 * without escapes. `text` must be a valid JSON object and `offsets` its own.
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

/** The offset of the quote that ends the string which begins at `start`, or -1 when none does. */
function closingQuote(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** A quote is part of its string when an odd number of backslashes stands before it. The string's own opening quote ends the count. */
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

/** The four that RFC 8259 section 2 knows; `trim` would take more. */
function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
