/** Printable ASCII that needs no escapes: nearly every key and short value. Testing for it first halves the time. */
const PLAIN = /^[ !#-[\]-~]*$/;
const SHORT = 64;

/**
 * A string as canonical JSON (RFC 8785, section 3.2.2.2).
 *
 * @throws RangeError for a lone surrogate, which JSON cannot represent exactly
 */
export function canonicalText(text: string): string {
  if (text.length <= SHORT && PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new RangeError(`canonical JSON has no lone surrogates: ${JSON.stringify(text)}`);
  return JSON.stringify(text);
}
