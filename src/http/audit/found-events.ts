import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import type { Position } from "../../events/store/position.ts";
import { findPositions, membership } from "../../projections/audit-index/find-positions.ts";
import type { TermList } from "../../projections/audit-index/find-positions.ts";
import { ownerOfEndpoint } from "../../projections/audit-index/owner-of-endpoint.ts";
import { openSpan, stretchesOf } from "../../projections/audit-index/stretches.ts";
import {
  UNLISTED_CATEGORY,
  actorOf,
  actorTerms,
  categoryTerm,
  endpointTerm,
  outcomeOf,
  outcomeTerm,
  typeTerm,
  userTerm,
} from "../../projections/audit-index/terms.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import type { AuditEventsQuery } from "./audit-events-schema.ts";
import type { Wanted } from "./event-pieces.ts";
import { streamAfter } from "./stream-after.ts";

/** What the events are read from. */
export interface FoundIn {
  readonly store: EventStore;
  readonly documents: DocumentStore;
}

/** What the index is asked for: whose an event is, and what an event tells by itself too. */
interface Terms {
  readonly all: readonly TermList[];
  readonly also: readonly TermList[];
}

/** Of the attempts, which alone have an outcome. */
const WITH_OUTCOME = "DeliveryAttempted";

/** What an event has to be, as far as it tells by itself. */
export function wantedBy(query: AuditEventsQuery): Wanted {
  const { types, category, stream, actor, outcome, from, to, nothing } = query;
  return (event) =>
    !nothing &&
    (types === null || types.has(event.type)) &&
    (stream === null ? category === null || event.stream.startsWith(`${category}-`) : event.stream === stream) &&
    (actor === null || actorOf(event) === actor) &&
    (outcome === null || outcomeOf(event) === outcome) &&
    (from === null || event.recordedAt >= from) &&
    (to === null || event.recordedAt < to);
}

/** The categories of the streams to read, as a reading of the log takes them. */
export function categoriesOf({ category }: AuditEventsQuery): { categories?: readonly string[] } {
  return category === null ? {} : { categories: [category] };
}

/** Whether the answer comes from the index, which then has to have seen the log. */
export function needsIndex(query: AuditEventsQuery): boolean {
  const { types, stream, userId, endpointId, actor, outcome, from, to, nothing } = query;
  if (nothing) return false;
  if (userId !== null || endpointId !== null) return true;
  return stream === null && (types ?? actor ?? outcome ?? from ?? to) !== null;
}

/**
 * The events that a query asks for, after a position, in log order; some others may be among them, which `wantedBy` tells.
 * The events of one stream are read from it, and what has no filter but a category from the log itself. For everything
 * else the index says where the events are.
 */
export async function* foundEvents(
  from: FoundIn,
  query: AuditEventsQuery,
  after: Position | null,
): AsyncGenerator<RecordedEvent> {
  if (query.nothing) return;
  const { store, documents } = from;
  if (!needsIndex(query) && query.stream === null) {
    yield* store.readAll({ after, ...categoriesOf(query), limit: query.limit });
    return;
  }
  const terms = needsIndex(query) ? await termsOf(documents, query) : { all: [], also: [] };
  if (terms === null) return;
  if (query.stream !== null) yield* ofStream(from, query.stream, after, terms.all);
  else if (terms.all.length + terms.also.length === 0) yield* recordedIn(from, query, after);
  else yield* ofIndex(from, query, after, terms);
}

/** The terms to look for; null when no event can have them all. */
async function termsOf(documents: DocumentStore, query: AuditEventsQuery): Promise<Terms | null> {
  const { types, category, stream, userId, endpointId, actor, outcome } = query;
  if (outcome !== null && types !== null && !types.has(WITH_OUTCOME)) return null;
  if (userId !== null && endpointId !== null && (await ownerOfEndpoint(documents, endpointId)) !== userId) return null;
  const all: TermList[] = [];
  const also: TermList[] = [];
  // All that belongs to an endpoint belongs to its user.
  if (endpointId !== null) all.push([endpointTerm(endpointId)]);
  else if (userId !== null) all.push([userTerm(userId)]);
  if (outcome !== null) also.push([outcomeTerm(outcome)]);
  else if (types !== null) also.push([...types].map(typeTerm));
  if (actor !== null) also.push(actorTerms(actor));
  // Together with a time alone, the log's own reading of a category is better.
  const alone = all.length + also.length === 0;
  if (category !== null && category !== UNLISTED_CATEGORY && stream === null && !alone) {
    also.push([categoryTerm(category)]);
  }
  return { all, also };
}

async function* ofStream(
  { store, documents }: FoundIn,
  stream: string,
  after: Position | null,
  terms: readonly TermList[],
): AsyncGenerator<RecordedEvent> {
  const has = terms.length === 0 ? null : await membership(documents, terms);
  for await (const event of streamAfter(store, stream, after)) {
    if (has === null || (await has(event.position))) yield event;
  }
}

async function* recordedIn(
  { store, documents }: FoundIn,
  query: AuditEventsQuery,
  after: Position | null,
): AsyncGenerator<RecordedEvent> {
  const span = await openSpan(documents);
  if (span === null) return;
  for (const stretch of await stretchesOf(documents, span, query)) {
    const begin = stretch.after !== null && stretch.after > (after ?? "") ? stretch.after : after;
    for await (const event of store.readAll({ after: begin, ...categoriesOf(query) })) {
      if (stretch.last !== null && event.position > stretch.last) break;
      yield event;
    }
  }
}

async function* ofIndex(
  { store, documents }: FoundIn,
  { from, to }: AuditEventsQuery,
  after: Position | null,
  terms: Terms,
): AsyncGenerator<RecordedEvent> {
  for await (const positions of findPositions(documents, { ...terms, direction: "ascending", after, from, to })) {
    yield* store.readAt(positions);
    await nextTurn();
  }
}
