import type { ExpectedRevision } from "./event-store.ts";
import type { Position, Revision } from "./position.ts";

/** The stream is not as the appender expected: somebody else appended first. Read again and decide again. */
export class RevisionConflict extends Error {
  readonly code = "revision_conflict";
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** The stream's last revision, or null when it has no event. */
  readonly actual: Revision | null;

  constructor(stream: string, expected: ExpectedRevision, actual: Revision | null) {
    super(`stream ${stream} is at ${actual ?? "no_stream"}, not at ${expected}`);
    this.name = "RevisionConflict";
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The log cannot take or give anything now, and nothing was written. The same call may succeed later. */
export class StoreUnavailable extends Error {
  readonly code = "store_unavailable";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreUnavailable";
  }
}

/** Too many appends wait already: this one is refused, and the log itself is well. */
export class StoreOverloaded extends StoreUnavailable {}

/** The log has no room left on its disk. It takes appends again, by itself, when there is some. */
export class StoreFull extends StoreUnavailable {}

/** The append may or may not be in the log. Appending again with the same ids and expectation settles it. */
export class AppendOutcomeUnknown extends Error {
  readonly code = "append_outcome_unknown";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AppendOutcomeUnknown";
  }
}

/** The append is larger than the log takes and never will be taken. */
export class EventTooLarge extends Error {
  readonly code = "event_too_large";
  /** The size of the append, in bytes. */
  readonly bytes: number;
  /** The size of the largest append that is taken, in bytes: MAX_APPEND_BYTES, or what the server is set to. */
  readonly limit: number;

  constructor(stream: string, bytes: number, limit: number) {
    super(`an append of ${bytes} bytes to ${stream} is larger than the ${limit} bytes that the log takes`);
    this.name = "EventTooLarge";
    this.bytes = bytes;
    this.limit = limit;
  }
}

/** The log is no longer the one that was followed: what was read from it is not there any more. It needs somebody. */
export class LogReplaced extends Error {
  readonly code = "log_replaced";

  /** `position` is where the event stood that is missing. */
  constructor(position: Position) {
    super(
      `the event log was replaced while it was in use (restored from an older copy, or reset): it has not what was read ` +
        `from it at position ${position}`,
    );
    this.name = "LogReplaced";
  }
}

/** An event of the log that cannot be understood. Its reader stops here; somebody has to look at it. */
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
