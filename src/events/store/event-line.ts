import { canonicalJson } from "./canonical-json.ts";
import type { RecordedEvent } from "./event-store.ts";
import { UnreadableEvent } from "./event-store-errors.ts";
import { numberOf } from "./position.ts";

/** An event as text for others: two forms of canonical JSON (RFC 8785). */
export interface WrittenEvent {
  /**
   * What stays the same in whichever log the event stands, and what digests are made of:
   * `{data, id, metadata, revision, stream, type}`, with the revision as a number.
   */
  readonly leaf: string;
  /** The leaf with where and when this log has it: `position`, the cursor of a reader, and `recorded_at`. No line end. */
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
  // A slice makes one piece of the leaf, which was put together from many, so that both forms are then only copied.
  return { leaf, line: leaf.slice(0, head.length) + place + tail };
}

/** The leaf of an event alone, for callers that do not need its line. Throws as `writtenEvent` does. */
export function leafText(event: RecordedEvent): string {
  const { head, tail } = partsOf(event);
  return head + tail;
}

/** What comes before and after the place in a line. Without it they are the leaf. */
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
