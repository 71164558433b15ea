import { z } from "zod";
import { printable } from "../../runtime/printable.ts";

/**
 * A parsed body or query: its value, or the messages for `details.errors`, in the order of docs/reference/http-api.md.
 */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: string[] };

/** The messages of a refused input: those of the fields' rules in the schema's order, then those for unknown names. */
export interface Messages {
  readonly rules: string[];
  readonly unknown: string[];
}

/**
 * Finds what a text that is not blank has: anything but Unicode's White_Space and U+001C to U+001F. That covers Java's
 * `isBlank` (which the first clients were written against), plus the no-break spaces and U+0085.
 */
const NOT_BLANK = new RegExp(String.raw`[^\p{White_Space}\u001c-\u001f]`, "u");

const WHOLE_NUMBER = /^-?\d+$/;

const MAX_UNKNOWN_NAMES = 10;

/** True when the text is empty or only white space. */
export function isBlank(text: string): boolean {
  return !NOT_BLANK.test(text);
}

/**
 * A length rule in UTF-16 units, as JavaScript and Java count (zod and JSON Schema count code points). Both bounds are
 * inclusive.
 */
export function lengthBetween(min: number, max: number): (text: string) => boolean {
  return (text) => text.length >= min && text.length <= max;
}

/** A required text: missing, null or blank gives only `<name> must not be blank`. */
export function requiredText(name: string): z.ZodString {
  const blank = `${name} must not be blank`;
  return z
    .string({ error: (issue) => (isAbsent(issue.input) ? blank : `${name} must be a string`) })
    .refine((text) => !isBlank(text), { error: blank, abort: true });
}

/** The number that a text of an optional minus and digits is; any other value as it is. */
export function numberOrSame(value: unknown): unknown {
  return typeof value === "string" && WHOLE_NUMBER.test(value) ? Number(value) : value;
}

/** True for a missing value or null: the API does not distinguish them. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/**
 * The messages of a schema's issues, which clients rely on. A text that breaks one rule in two places is reported once.
 * `kind` is the word for an unknown name; at most ten of those are reported.
 */
export function messagesOf(error: z.ZodError, kind: "field" | "parameter"): Messages {
  const rules = new Set<string>();
  const unknown: string[] = [];
  for (const issue of error.issues) {
    if (issue.code !== "unrecognized_keys") rules.add(issue.message);
    else unknown.push(...issue.keys.slice(0, MAX_UNKNOWN_NAMES).map((name) => `unknown ${kind} "${printable(name)}"`));
  }
  return { rules: [...rules], unknown };
}
