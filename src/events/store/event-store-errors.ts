import type { ExpectedRevision } from "./event-store.ts";
import type { Position, Revision } from "./position.ts";

/** The stream is not at the expected revision: another append came first. Read again and decide again. */
export class RevisionConflict extends Error {
  readonly code = "revision_conflict";
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** The stream's last revision, or null if it has no events. */
  readonly actual: Revision | null;

  constructor(stream: string, expected: ExpectedRevision, actual: Revision | null) {
    super(`stream ${stream} is at ${actual ?? "no_stream"}, not at ${expected}`);
    this.name = "RevisionConflict";
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The log cannot be used now, and nothing was written. The same call may succeed later. */
export class StoreUnavailable extends Error {
  readonly code = "store_unavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreUnavailable";
  }
}

/** Too many appends are already waiting, so this one is refused. The log itself is healthy. */
export class StoreOverloaded extends StoreUnavailable {}

/** The log's disk is full. The log accepts appends again as soon as there is room. */
export class StoreFull extends StoreUnavailable {}

/** The append may or may not be in the log. Appending again with the same ids and expectation settles it. */
export class AppendOutcomeUnknown extends Error {
  readonly code = "append_outcome_unknown";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppendOutcomeUnknown";
  }
}

/** The append is larger than the log will ever accept. */
export class EventTooLarge extends Error {
  readonly code = "event_too_large";
  /** The size of the append, in bytes. */
  readonly bytes: number;
  /** The largest append that the log accepts, in bytes: MAX_APPEND_BYTES, or the server's own setting. */
  readonly limit: number;

  constructor(stream: string, bytes: number, limit: number) {
    super(`an append of ${bytes} bytes to ${stream} is larger than the ${limit} bytes that the log takes`);
    this.name = "EventTooLarge";
    this.bytes = bytes;
    this.limit = limit;
  }
}

/** The log is not the one that was read before: events that were read are missing. An operator has to act. */
export class LogReplaced extends Error {
  readonly code = "log_replaced";

  /** `position` is that of the missing event. */
  constructor(position: Position) {
    super(
      `the event log was replaced while it was in use (restored from an older copy, or reset): the event read at ` +
        `position ${position} is missing`,
    );
    this.name = "LogReplaced";
  }
}

/** An event that cannot be read. Its reader stops there until someone fixes it. */
export class UnreadableEvent extends Error {
  readonly code = "unreadable_event";
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly reason: string;

  constructor(
    event: { stream: string; revision: Revision; position: Position },
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`event ${event.revision} of stream ${event.stream} cannot be read: ${reason}`, options);
    this.name = "UnreadableEvent";
    this.stream = event.stream;
    this.revision = event.revision;
    this.position = event.position;
    this.reason = reason;
  }
}
