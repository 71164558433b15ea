import { canonicalKeys } from "./canonical-keys.ts";
import { canonicalText } from "./canonical-text.ts";

/**
 * A value as canonical JSON (RFC 8785): no white space, object keys sorted by UTF-16 code units, numbers and strings as
 * JSON.stringify writes them. Any program that follows the RFC produces the same bytes for the same value, so others
 * can check digests and signatures.
 *
 * @param value what JSON.parse returns, or a value built of the same types
 * @throws RangeError for what JSON cannot represent exactly: a non-finite number, a string or key with a lone
 *   surrogate, `undefined`, a BigInt, a function, a symbol, or an object that is neither plain nor an array
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
  // By index, because iteration methods skip holes.
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
