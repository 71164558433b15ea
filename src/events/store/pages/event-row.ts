import { timeText } from "../../../runtime/time-text.ts";
import type { EventMetadata, RecordedEvent } from "../event-store.ts";
import { UnreadableEvent } from "../event-store-errors.ts";
import { positionOf, revisionOf } from "../position.ts";

/** An event as stored by the embedded logs. */
export interface EventRow {
  /** Counts from 1 over the whole log. */
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** JSON text. */
  readonly metadata: string;
  /** Milliseconds since the Unix epoch. */
  readonly recordedAt: number;
}

/** The port's event for a row; every call returns fresh objects. Throws UnreadableEvent for invalid JSON. */
export function recordedEvent(row: EventRow): RecordedEvent {
  const place = { stream: row.stream, revision: revisionOf(row.revision), position: positionOf(row.position) };
  try {
    return {
      id: row.id,
      ...place,
      type: row.type,
      data: JSON.parse(row.data) as unknown,
      metadata: JSON.parse(row.metadata) as EventMetadata,
      recordedAt: timeText(row.recordedAt),
    };
  } catch (error) {
    throw new UnreadableEvent(place, "its data or metadata is not JSON", { cause: error });
  }
}
