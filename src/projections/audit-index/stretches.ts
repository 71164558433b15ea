import { collectionOf } from "../projection.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { auditIndex } from "./audit-index.ts";
import { OPEN_SPAN, SPANS_END, spansFrom } from "./time-spans.ts";
import type { OpenSpanDocument, Stretch, TimeSpanDocument } from "./time-spans.ts";

/** Times of recording, ISO 8601 UTC with milliseconds: `from` is inclusive, `to` exclusive; null is no bound. */
export interface RecordedRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** How many spans are read at a time. */
const PAGE = 500;
const LAST_TIME = Date.parse("9999-12-31T23:59:59.999Z");

/** The open span of the index: how far it has come; null when it has not begun. */
export async function openSpan(documents: DocumentStore): Promise<OpenSpanDocument | null> {
  return (await documents.load<OpenSpanDocument>(collectionOf(auditIndex), [OPEN_SPAN]))[0] ?? null;
}

/**
 * The parts of the log that have all events recorded in a range, ascending. They may have others too. Reads a span at
 * each end of the range, and after it those in which a clock that was set back may have recorded more.
 *
 * @param open the open span of the index
 */
export async function stretchesOf(
  documents: DocumentStore,
  open: OpenSpanDocument,
  { from, to }: RecordedRange,
): Promise<readonly Stretch[]> {
  const begin = from === null ? null : ((await firstSpan(documents, from)) ?? open);
  const after = begin?.after ?? null;
  const end = to === null ? null : await firstSpan(documents, to);
  if (to === null || end === null) return [{ after, last: null }];
  const later = open.set_back === 0 ? [] : await laterSpans(documents, open, to, end);
  return [{ after, last: end.position }, ...later.map((span) => ({ after: span.after, last: span.position }))];
}

/**
 * The spans after `end` with events before `to`. There are none after the span in which the latest time is as far beyond
 * `to` as a clock was ever set back.
 */
async function laterSpans(
  documents: DocumentStore,
  open: OpenSpanDocument,
  to: string,
  end: TimeSpanDocument,
): Promise<readonly TimeSpanDocument[]> {
  const settled = spansFrom(new Date(Math.min(Date.parse(to) + open.set_back, LAST_TIME)).toISOString());
  const later: TimeSpanDocument[] = [];
  if (end._id >= settled) return later;
  for (let after = end; ;) {
    const page = await documents.find<TimeSpanDocument>(collectionOf(auditIndex), {
      range: { field: "_id", from: after._id, to: SPANS_END },
      order: { field: "_id", direction: "ascending" },
      after: { value: after._id, id: after._id },
      limit: PAGE,
    });
    for (const span of page) {
      if (span.low < to) later.push(span);
      if (span._id >= settled) return later;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return open.low < to ? [...later, open] : later;
    after = last;
  }
}

/** The first span up to whose end something was recorded at this time or later. */
async function firstSpan(documents: DocumentStore, time: string): Promise<TimeSpanDocument | null> {
  const [found] = await documents.find<TimeSpanDocument>(collectionOf(auditIndex), {
    range: { field: "_id", from: spansFrom(time), to: SPANS_END },
    order: { field: "_id", direction: "ascending" },
    limit: 1,
  });
  return found ?? null;
}
