/** Printable ASCII in which nothing is escaped: nearly every key and short value. Asked first, it halves the whole. */
const PLAIN = /^[ !#-[\]-~]*$/;
const SHORT = 64;

/**
 * A text as canonical JSON (RFC 8785, section 3.2.2.2).
 *
 * @throws RangeError for one with a lone surrogate, which JSON cannot say exactly
 */
export function canonicalText(text: string): string {
  if (text.length <= SHORT && PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new RangeError(`canonical JSON has no lone surrogates: ${JSON.stringify(text)}`);
  return JSON.stringify(text);
}
