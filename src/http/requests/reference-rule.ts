import { z } from "zod";

/** How many characters (code points) a client's reference has. */
export const REFERENCE_LIMITS = { min: 1, max: 128 } as const;

/** The rules that a reference breaks, with the name under which it was given. */
export function referenceMessages(name: string, text: string): string[] {
  const { min, max } = REFERENCE_LIMITS;
  const messages = isBetween(text, min, max) ? [] : [`${name} must be between ${min} and ${max} characters`];
  // Half a surrogate pair cannot be exported or put into the audit tree (RFC 8785 section 3.2.2.2).
  return text.isWellFormed() ? messages : [...messages, `${name} must be well-formed Unicode`];
}

/** A reference as the field or parameter with this name: any text of that length. */
export function referenceSchema(name: string): z.ZodString {
  return z.string({ error: `${name} must be a string` }).check((context) => {
    for (const message of referenceMessages(name, context.value)) {
      context.issues.push({ code: "custom", message, input: context.value });
    }
  });
}

/** In code points; most texts need not be counted. */
function isBetween(text: string, min: number, max: number): boolean {
  if (text.length < min || text.length > 2 * max) return false;
  return text.length <= max || Array.from(text).length <= max;
}
