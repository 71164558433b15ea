import { setImmediate as nextTurn } from "node:timers/promises";
import type { ReadAllOptions, RecordedEvent, SubscribeOptions, SubscriptionMessage } from "../event-store.ts";
import { numberOf, positionOf } from "../position.ts";
import type { Position } from "../position.ts";
import { recordedEvent } from "./event-row.ts";
import type { EventRow } from "./event-row.ts";
import type { LogWatch } from "./log-watch.ts";

/** The most events that a reader holds at a time. */
export const PAGE_EVENTS = 500;
/** How many single events are read before other work has a turn. */
const TURN_EVENTS = 100;

/** A part of the log in order. */
export interface LogPage {
  readonly rows: readonly EventRow[];
  /** True if no more matching events were there. */
  readonly end: boolean;
}

/** A log that is read in pages; every call sees all earlier commits. Throws StoreUnavailable when closed. */
export interface LogPages {
  /** The position of the last event, 0 for an empty log. */
  headPosition(): number;
  /** At most `limit` events after `after` (exclusive), of these categories (undefined: all). */
  page(after: number, categories: readonly string[] | undefined, limit: number): LogPage;
}

/** A log that is read event by event; otherwise like `LogPages`. */
export interface LogPlaces {
  /** The event at exactly this position, or null. */
  at(position: number): EventRow | null;
}

/** `EventStore.readAll` over pages: the events that were in the log when reading began. */
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

/** `EventStore.readAt` over single events. */
export async function* readSingly(log: LogPlaces, positions: readonly Position[]): AsyncGenerator<RecordedEvent> {
  for (const [index, position] of positions.entries()) {
    if (index % TURN_EVENTS === TURN_EVENTS - 1) await nextTurn();
    const row = log.at(numberOf(position));
    if (row !== null) yield recordedEvent(row);
  }
}

/**
 * `EventStore.subscribe` over pages. It holds one page and re-reads the log for more, so a slow consumer costs nothing.
 *
 * It misses no commit and `caughtUp` is exact, because it takes version, head and page in this order. A page that ends
 * the log was read after the head was known, so everything up to that head was yielded. A commit after it changes the
 * version, which ends the wait.
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
      // Events up to the head that the filter left out need not be read again.
      after = Math.max(after, head);
      // The page may include commits newer than `head`; a reader that resumes here must not get them twice.
      const reached = Math.max(head, rows.at(-1)?.position ?? 0);
      if (reached !== reported) {
        const position = reached === 0 ? null : positionOf(reached);
        yield { kind: "caughtUp", position, searchedTo: position };
        reported = reached;
      }
      await watch.changed(seen, signal);
    }
    // Pages are read synchronously: without this pause a lagging reader would keep its whole thread busy.
    if (!ended()) await nextTurn();
  }
}

function startOf(after: ReadAllOptions["after"]): number {
  return after === undefined || after === null ? 0 : numberOf(after);
}
