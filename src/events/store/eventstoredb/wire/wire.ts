/**
 * Reads and writes the messages of appends and events as bytes (https://protobuf.dev/programming-guides/encoding/).
 * These three messages are most of the traffic, and the client's own code builds an object for each of their parts,
 * which is more than half the cost of an append or an event. All other messages use the client's code.
 */
import protobuf from "protobufjs/minimal.js";

export const { Reader, Writer } = protobuf;
export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

/** The tag of a length-delimited field: text, bytes or a message. */
export function lengthTag(field: number): number {
  return (field << 3) | 2;
}

/** The tag of a numeric field. */
export function numberTag(field: number): number {
  return field << 3;
}

/** Below this upper half, a 64-bit number is exact in JavaScript. */
const EXACT_HIGH = 2 ** 21;

/** Reads an unsigned 64-bit number as decimal text. */
export function readUint64(reader: Reader): string {
  const value = reader.uint64();
  if (typeof value === "number") return String(value);
  const high = value.high >>> 0;
  const low = value.low >>> 0;
  return high < EXACT_HIGH ? String(high * 2 ** 32 + low) : ((BigInt(high) << 32n) + BigInt(low)).toString();
}

/** Reads the bytes of a nested message, without copying them. */
export function readPart(reader: Reader): Reader {
  return Reader.create(reader.bytes());
}

/**
 * Reads a message field by field. `field` gets each field's number and returns false for one that it did not read,
 * which is then skipped.
 */
export function readFields<Parts>(
  reader: Reader,
  parts: Parts,
  field: (number: number, parts: Parts) => boolean,
): Parts {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!field(tag >>> 3, parts)) reader.skipType(tag & 7);
  }
  return parts;
}

/** Reads an id: a UUID as text, or empty in its other form, two numbers, which is never requested. */
export function readUuid(reader: Reader): string {
  return readText(readPart(reader), 2);
}

/** The text in one field of a message; empty if absent. */
export function readText(reader: Reader, field: number): string {
  const parts = { text: "" };
  readFields(reader, parts, (number) => {
    if (number !== field) return false;
    parts.text = reader.string();
    return true;
  });
  return parts.text;
}
