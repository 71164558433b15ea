import { readEvent } from "../../events/catalogue.ts";
import type { KnownEvent } from "../../events/catalogue.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Projection } from "../projection.ts";
import type { StoredDocument } from "../store/document-store.ts";
import { eventsUntil } from "./moment.ts";
import type { Moment } from "./moment.ts";

/**
 * The document with this id at a moment (null: now), folded from the events of its stream. It equals what the read
 * model showed after those events, field by field. Null if there was none.
 *
 * @throws UnreadableEvent for an event up to there that cannot be read or folded
 */
export function stateAt<D extends StoredDocument>(
  projection: Projection<D>,
  id: string,
  events: readonly RecordedEvent[],
  at: Moment | null,
): D | null {
  let document: D | null = null;
  for (const event of eventsUntil(events, at)) document = documentAfter(projection, id, document, readEvent(event));
  return document;
}

/**
 * The document with this id after one more event.
 *
 * @throws UnreadableEvent when folding the event fails
 */
export function documentAfter<D extends StoredDocument>(
  projection: Projection<D>,
  id: string,
  document: D | null,
  event: KnownEvent,
): D | null {
  if (projection.documentId(event) !== id) return document;
  try {
    const content = projection.evolve(document, event);
    return content && ({ ...content, _id: id, position: event.position } as unknown as D);
  } catch (error) {
    throw new UnreadableEvent(event, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
