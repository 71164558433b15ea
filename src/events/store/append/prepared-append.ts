import { UUID } from "../../../runtime/uuid.ts";
import { categoryOf, MAX_APPEND_BYTES } from "../event-store.ts";
import type { EventToAppend, ExpectedRevision } from "../event-store.ts";
import { EventTooLarge } from "../event-store-errors.ts";
import { numberOf, revisionOf } from "../position.ts";
import { writtenBytes } from "./append-size.ts";

/** An expected revision in an embedded log, where revisions are numbers. */
export type Expectation = "any" | "no_stream" | number;

/** A checked append as text. Each list has one entry per event, in order. */
export interface PreparedAppend {
  readonly stream: string;
  readonly expectation: Expectation;
  readonly ids: readonly string[];
  readonly types: readonly string[];
  /** JSON text. */
  readonly data: readonly string[];
  /** JSON text. */
  readonly metadata: readonly string[];
  /** The size of the append, as counted by `appendBytes`. */
  readonly bytes: number;
}

/**
 * Checks an append and turns its events into JSON text. Text inside data and metadata may be any JavaScript string:
 * JSON escapes NUL and lone surrogates, so they survive. Names (stream, type) must be well-formed and without NUL,
 * because two names that differ only in a lone surrogate would be the same bytes on disk.
 *
 * @throws RangeError for an empty append, several events under `any`, or a malformed stream name, type, id or expected
 *   revision
 * @throws EventTooLarge when it is larger than MAX_APPEND_BYTES
 * @throws TypeError when data or metadata cannot be JSON (a cycle, a BigInt)
 */
export function prepareAppend(
  stream: string,
  events: readonly EventToAppend[],
  expected: ExpectedRevision,
): PreparedAppend {
  categoryOf(stream);
  if (!isCleanName(stream)) throw new RangeError(`invalid stream name: ${JSON.stringify(stream)}`);
  if (events.length === 0) throw new RangeError(`an append to ${stream} needs at least one event`);
  if (expected === "any" && events.length > 1) {
    throw new RangeError(`an append of ${events.length} events to ${stream} needs an expected revision`);
  }
  const ids: string[] = [];
  const types: string[] = [];
  const data: string[] = [];
  const metadata: string[] = [];
  let bytes = 0;
  for (const event of events) {
    // EventStoreDB stores ids as 128-bit numbers and returns them in lower case, so every log requires that spelling.
    if (!UUID.test(event.id)) throw new RangeError(`an event id must be a UUID in lower case: ${event.id}`);
    if (event.type === "" || !isCleanName(event.type)) {
      throw new RangeError(`invalid event type: ${JSON.stringify(event.type)}`);
    }
    const dataText = toJson(event.data, "data", event);
    const metadataText = toJson(event.metadata, "metadata", event);
    ids.push(event.id);
    types.push(event.type);
    data.push(dataText);
    metadata.push(metadataText);
    bytes += writtenBytes(event.type, dataText, metadataText);
  }
  if (bytes > MAX_APPEND_BYTES) throw new EventTooLarge(stream, bytes, MAX_APPEND_BYTES);
  return { stream, expectation: expectationOf(expected), ids, types, data, metadata, bytes };
}

/** The port's expected revision for that of an embedded log: the inverse of what `prepareAppend` does. */
export function expectedRevisionOf(expectation: Expectation): ExpectedRevision {
  return typeof expectation === "number" ? revisionOf(expectation) : expectation;
}

function expectationOf(expected: ExpectedRevision): Expectation {
  if (expected === "any") return "any";
  if (expected === "no_stream") return "no_stream";
  const revision = numberOf(expected);
  if (revisionOf(revision) !== expected) throw new RangeError(`invalid revision: ${expected}`);
  return revision;
}

function isCleanName(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function toJson(value: object, what: string, event: EventToAppend): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`the ${what} of event ${event.id} cannot be written as JSON`);
  return text;
}
