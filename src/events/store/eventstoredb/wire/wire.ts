/**
 * The messages that an append and an event are, as bytes (https://protobuf.dev/programming-guides/encoding/). All others
 * go through the code that the client ships; these three are most of what goes over the wire, and that code makes an
 * object for each part of them: more than half of what an append or an event costs.
 */
import protobuf from "protobufjs/minimal.js";

export const { Reader, Writer } = protobuf;
export type Reader = protobuf.Reader;
export type Writer = protobuf.Writer;

/** The tag of a field whose value has a length: text, bytes or a message. */
export function lengthTag(field: number): number {
  return (field << 3) | 2;
}

/** The tag of a field that is a number. */
export function numberTag(field: number): number {
  return field << 3;
}

/** Up to here the upper half of a 64-bit number leaves it exact in JavaScript. */
const EXACT_HIGH = 2 ** 21;

/** Reads an unsigned 64-bit number as decimal text. */
export function readUint64(reader: Reader): string {
  const value = reader.uint64();
  if (typeof value === "number") return String(value);
  const high = value.high >>> 0;
  const low = value.low >>> 0;
  return high < EXACT_HIGH ? String(high * 2 ** 32 + low) : ((BigInt(high) << 32n) + BigInt(low)).toString();
}

/** Reads the bytes of a message inside a message, without copying them. */
export function readPart(reader: Reader): Reader {
  return Reader.create(reader.bytes());
}

/**
 * Reads a message field by field. `field` gets the number of each and gives false for one that it did not read, which is
 * skipped then.
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

/** Reads an id: a UUID as text; empty when it comes in its other form, of two numbers, which is never asked for. */
export function readUuid(reader: Reader): string {
  return readText(readPart(reader), 2);
}

/** The text in one field of a message; empty without it. */
export function readText(reader: Reader, field: number): string {
  const parts = { text: "" };
  readFields(reader, parts, (number) => {
    if (number !== field) return false;
    parts.text = reader.string();
    return true;
  });
  return parts.text;
}
