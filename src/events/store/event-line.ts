import { canonicalJson } from "./canonical-json.ts";
import type { RecordedEvent } from "./event-store.ts";
import { UnreadableEvent } from "./event-store-errors.ts";
import { numberOf } from "./position.ts";

/** An event as text for others to read: two forms of canonical JSON (RFC 8785). */
export interface WrittenEvent {
  /**
   * The part that is the same in every log, over which digests are computed: `{data, id, metadata, revision, stream,
   * type}`, with the revision as a number.
   */
  readonly leaf: string;
  /** The leaf plus its place in this log: `position` (a reader's cursor) and `recorded_at`. No line end. */
  readonly line: string;
}

/**
 * Writes an event of the log for others to read.
 *
 * @throws UnreadableEvent when its data or metadata has no canonical form
 */
export function writtenEvent(event: RecordedEvent): WrittenEvent {
  const { head, tail } = partsOf(event);
  const leaf = head + tail;
  const place = `,"position":${canonicalJson(event.position)},"recorded_at":${canonicalJson(event.recordedAt)}`;
  // Slicing flattens the leaf, which was concatenated from many pieces, so both forms are copied once.
  return { leaf, line: leaf.slice(0, head.length) + place + tail };
}

/** The leaf alone, for callers that do not need the line. Throws as `writtenEvent` does. */
export function leafText(event: RecordedEvent): string {
  const { head, tail } = partsOf(event);
  return head + tail;
}

/** The parts before and after the place in a line. Joined, they are the leaf. */
function partsOf(event: RecordedEvent): { head: string; tail: string } {
  try {
    return {
      head: `{"data":${canonicalJson(event.data)},"id":${canonicalJson(event.id)},"metadata":${canonicalJson(event.metadata)}`,
      tail: `,"revision":${numberOf(event.revision)},"stream":${canonicalJson(event.stream)},"type":${canonicalJson(event.type)}}`,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnreadableEvent(event, reason, { cause: error });
  }
}
