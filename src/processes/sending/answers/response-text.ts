import { MIMEType, TextDecoder } from "node:util";

/**
 * Characters that change how text is shown without being visible: control characters except line ends and tabs; format
 * characters, which change the direction of text or hide in it; separators that some programs treat as line ends. A
 * lone carriage return lets a terminal overwrite the line, so it is a line end only before a line feed.
 */
const UNSAFE = /\r(?!\n)|[^\P{Cc}\n\r\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Longer than any sensible media type. The parser's time grows with the square of the length: 2 s at 16 KiB. */
const MAX_CONTENT_TYPE_CHARACTERS = 256;

/** The byte and the character SUBSTITUTE. */
const SUBSTITUTE = 0x1a;

/** A byte order mark at the beginning counts before any charset (WHATWG Encoding, decode). */
const BYTE_ORDER_MARKS: readonly (readonly [mark: Buffer, charset: string])[] = [
  [Buffer.of(0xef, 0xbb, 0xbf), "utf-8"],
  [Buffer.of(0xfe, 0xff), "utf-16be"],
  [Buffer.of(0xff, 0xfe), "utf-16le"],
];

/**
 * A receiver's bytes as text that is safe to show: decoded by the charset of their `Content-Type`, with U+FFFD for what
 * cannot be decoded (so there is never a lone surrogate), and without control and format characters other than line
 * ends and tabs. Without a charset, or with an unknown one, it is UTF-8.
 *
 * @param whole whether these are all bytes; if not, a character that the cut tore is left out
 */
export function responseText(bytes: Uint8Array, contentType: string | null, whole: boolean): string {
  // A decoder that expects more keeps an incomplete character to itself.
  const decoded = (markedDecoder(bytes) ?? decoderOf(contentType)).decode(bytes, { stream: !whole });
  // ICU's Shift_JIS puts this character for what it cannot decode.
  const text = bytes.includes(SUBSTITUTE) ? decoded : decoded.replaceAll("\u001a", "\ufffd");
  return text.toWellFormed().replace(UNSAFE, "");
}

function markedDecoder(bytes: Uint8Array): TextDecoder | null {
  const found = BYTE_ORDER_MARKS.find(([mark]) => mark.equals(bytes.subarray(0, mark.length)));
  return found === undefined ? null : new TextDecoder(found[1]);
}

function decoderOf(contentType: string | null): TextDecoder {
  if (contentType === null || contentType.length > MAX_CONTENT_TYPE_CHARACTERS) return new TextDecoder();
  try {
    return new TextDecoder(new MIMEType(contentType).params.get("charset") ?? undefined);
  } catch {
    // An invalid media type, or an unknown charset.
    return new TextDecoder();
  }
}
