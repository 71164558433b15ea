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

/**
 * A receiver's bytes as text that is safe to show: decoded by the charset of their `Content-Type`, with U+FFFD for what
 * cannot be decoded (so there is never a lone surrogate), and without control and format characters other than line
 * ends and tabs. Without a charset, or with an unknown one, it is UTF-8.
 *
 * @param whole whether these are all bytes; if not, a character that the cut tore is left out
 */
export function responseText(bytes: Uint8Array, contentType: string | null, whole: boolean): string {
  // A decoder that expects more keeps an incomplete character to itself.
  const decoded = decoderOf(contentType).decode(bytes, { stream: !whole });
  // ICU's Shift_JIS puts this character for what it cannot decode.
  const text = bytes.includes(SUBSTITUTE) ? decoded : decoded.replaceAll("\u001a", "\ufffd");
  return text.toWellFormed().replace(UNSAFE, "");
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
