import { canonicalKeys } from "./canonical-keys.ts";
import { canonicalText } from "./canonical-text.ts";

/**
 * A value as canonical JSON (RFC 8785): no white space, the keys of objects in the order of their UTF-16 code units,
 * numbers and texts as JSON.stringify writes them. The same value always gives the same bytes, in any program that keeps
 * the RFC, so that digests and signatures over them can be checked by others.
 *
 * @param value what JSON.parse gives, or is made of the same
 * @throws RangeError for what JSON cannot say exactly: a number that is not finite, a text or key with a lone surrogate,
 *   `undefined`, a BigInt, a function, a symbol, or an object that is neither plain nor an array
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return canonicalText(value);
    case "number":
      if (!Number.isFinite(value)) throw new RangeError(`canonical JSON has no ${value}`);
      return `${value}`;
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? arrayOf(value) : objectOf(value);
    default:
      throw new RangeError(`canonical JSON has no ${typeof value}`);
  }
}

function arrayOf(items: readonly unknown[]): string {
  let text = "[";
  // By index, since a hole in the array must not be passed over.
  for (let index = 0; index < items.length; index += 1) text += (index === 0 ? "" : ",") + canonicalJson(items[index]);
  return `${text}]`;
}

function objectOf(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new RangeError(`canonical JSON has only plain objects and arrays`);
  }
  const own = Object.keys(object);
  if (own.length === 0) return "{}";
  const { sorted, before } = canonicalKeys(own);
  let text = "";
  for (let index = 0; index < sorted.length; index += 1) {
    const value = (object as Record<string, unknown>)[sorted[index] as string];
    text += (before[index] as string) + canonicalJson(value);
  }
  return `${text}}`;
}
