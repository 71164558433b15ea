import type { Position } from "../../events/store/position.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import type { StoredDocument } from "../store/document-store.ts";

/** How many events a span has when it is closed. */
const SPAN = 512;

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Where the events of a part of the log are, and the earliest time that any of them was recorded. */
export interface TimeSpanDocument extends StoredDocument {
  /** The position of the last event before it; null: there is none. `position` is that of its own last event. */
  readonly after: Position | null;
  readonly low: string;
}

/** The last span, which is being filled. It says how far the whole index has come. */
export interface OpenSpanDocument extends TimeSpanDocument {
  readonly count: number;
  /** The latest time that any event of the log was recorded, up to its end. */
  readonly high: string;
  /** The most, in ms, by which an event was recorded earlier than one before it, because a clock was set back. */
  readonly set_back: number;
}

/** The id of the open span. */
export const OPEN_SPAN = "time";

/** The id of a closed span: by the latest time up to its end, which never goes back, and then by its last position. */
function closedSpanId(high: string, last: Position): string {
  return `time/${high}/${last}`;
}

/** Where the ids of closed spans whose latest time is `time` or later begin. */
export function spansFrom(time: string): string {
  return `time/${time}`;
}

/** After the ids of all closed spans. */
export const SPANS_END = "time0";

/** The open span after further events (null: as it was), and the spans that became full; like `extended` for chunks. */
export function withEvents(
  before: OpenSpanDocument | null,
  events: readonly RecordedEvent[],
): { readonly open: OpenSpanDocument | null; readonly closed: readonly TimeSpanDocument[] } {
  const closed: TimeSpanDocument[] = [];
  let span: Writable<OpenSpanDocument> | null = before === null ? null : { ...before };
  for (const { position, recordedAt } of events) {
    if (span !== null && position <= span.position) continue;
    if (span?.count === SPAN) {
      const { after, low, high, position: last } = span;
      closed.push({ _id: closedSpanId(high, last), position: last, after, low });
      span = { ...span, after: last, low: recordedAt, count: 0 };
    }
    span ??= { _id: OPEN_SPAN, position, after: null, low: recordedAt, count: 0, high: recordedAt, set_back: 0 };
    if (recordedAt < span.low) span.low = recordedAt;
    if (recordedAt > span.high) span.high = recordedAt;
    else if (recordedAt < span.high) {
      span.set_back = Math.max(span.set_back, Date.parse(span.high) - Date.parse(recordedAt));
    }
    span.position = position;
    span.count += 1;
  }
  return { open: span?.position === before?.position ? null : span, closed };
}

/** A part of the log. */
export interface Stretch {
  /** Begins after this event; null: at the beginning. */
  readonly after: Position | null;
  /** Its last event; null: it goes on to the end. */
  readonly last: Position | null;
}
