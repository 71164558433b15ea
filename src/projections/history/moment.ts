import type { RecordedEvent } from "../../events/store/event-store.ts";
import { positionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import { millisecondsOf } from "../../runtime/utc-time.ts";

/** A point in the past up to which something is shown, inclusive: a time, or a position in the log. */
export type Moment =
  | {
      readonly kind: "time";
      /** Since the Unix epoch, in ms. */
      readonly milliseconds: number;
    }
  | { readonly kind: "position"; readonly position: Position };

const POSITION = /^\d{20}$/;

/** Parses a moment: an ISO 8601 time in UTC or with an offset, or a position. Null for anything else. */
export function readMoment(text: string): Moment | null {
  if (POSITION.test(text)) return { kind: "position", position: positionOf(BigInt(text)) };
  const milliseconds = millisecondsOf(text);
  return milliseconds === null ? null : { kind: "time", milliseconds };
}

/**
 * The events up to this moment: all before the first that was recorded later. So a state is always folded from the
 * beginning of its stream, even if the log's clock went back. Null means now.
 */
export function eventsUntil(events: readonly RecordedEvent[], at: Moment | null): readonly RecordedEvent[] {
  const end = at === null ? -1 : events.findIndex((event) => isLater(event, at));
  return end === -1 ? events : events.slice(0, end);
}

function isLater(event: RecordedEvent, at: Moment): boolean {
  switch (at.kind) {
    case "time":
      return Date.parse(event.recordedAt) > at.milliseconds;
    case "position":
      return event.position > at.position;
  }
}
