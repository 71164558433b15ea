import { setImmediate as nextTurn } from "node:timers/promises";
import type { ReadAllOptions, RecordedEvent, SubscribeOptions, SubscriptionMessage } from "../event-store.ts";
import { numberOf, positionOf } from "../position.ts";
import { recordedEvent } from "./event-row.ts";
import type { EventRow } from "./event-row.ts";
import type { LogWatch } from "./log-watch.ts";

/** The most events that a reader holds at a time. */
export const PAGE_EVENTS = 500;

/** A part of the log in order. */
export interface LogPage {
  readonly rows: readonly EventRow[];
  /** True when nothing more was there that matches. */
  readonly end: boolean;
}

/** A log that is read in pages; every call sees all that was committed before it. Throws StoreUnavailable when closed. */
export interface LogPages {
  /** The position of the last event, 0 for an empty log. */
  headPosition(): number;
  /** At most `limit` events following `after` (exclusive), of these categories (undefined: all). */
  page(after: number, categories: readonly string[] | undefined, limit: number): LogPage;
}

/** `EventStore.readAll` over pages: what was in the log when the reading began. */
export async function* readPages(log: LogPages, options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
  let remaining = options.limit ?? Number.POSITIVE_INFINITY;
  let after = startOf(options.after);
  const head = log.headPosition();
  while (remaining > 0 && after < head) {
    const { rows, end } = log.page(after, options.categories, Math.min(remaining, PAGE_EVENTS));
    for (const row of rows) {
      if (row.position > head) return;
      yield recordedEvent(row);
      after = row.position;
    }
    if (end) return;
    remaining -= rows.length;
    await nextTurn();
  }
}

/**
 * `EventStore.subscribe` over pages. It holds one page and re-reads the log for more, so a slow consumer costs nothing.
 *
 * Why no commit is missed and `caughtUp` is exact: version, then head, then page are taken in this order. A page that
 * ends the log was read after the head was known, so everything up to that head was yielded; and a commit after it
 * changes the version, which ends the wait.
 */
export async function* followPages(
  log: LogPages,
  watch: LogWatch,
  options: SubscribeOptions,
): AsyncGenerator<SubscriptionMessage> {
  const { categories, signal } = options;
  const ended = (): boolean => signal.aborted || watch.closed;
  let after = startOf(options.after);
  let reported: number | undefined;
  while (!ended()) {
    const seen = watch.version();
    const head = log.headPosition();
    const { rows, end } = log.page(after, categories, PAGE_EVENTS);
    for (const row of rows) {
      yield { kind: "event", event: recordedEvent(row) };
      if (ended()) return;
      after = row.position;
    }
    if (end) {
      // Whatever the filter left out up to the head need not be looked at again.
      after = Math.max(after, head);
      // What was committed between the two readings was given too, and is not to be given again to who goes on from here.
      const reached = Math.max(head, rows.at(-1)?.position ?? 0);
      if (reached !== reported) {
        const position = reached === 0 ? null : positionOf(reached);
        yield { kind: "caughtUp", position, searchedTo: position };
        reported = reached;
      }
      await watch.changed(seen, signal);
    }
    // Pages are read synchronously: without this a reader that is behind would keep its whole thread to itself.
    if (!ended()) await nextTurn();
  }
}

function startOf(after: ReadAllOptions["after"]): number {
  return after === undefined || after === null ? 0 : numberOf(after);
}
