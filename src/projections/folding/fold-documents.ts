import type { KnownEvent } from "../../events/catalogue.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Content, LoadDocuments } from "../projection.ts";
import type { GuardedWrite, StoredDocument } from "../store/document-store.ts";

/** Events in log order, by the id of the document that they change. */
export type EventsByDocument = Map<string, KnownEvent[]>;

/** Adds an event that comes after all others of its document. */
export function addEvent(events: EventsByDocument, id: string, event: KnownEvent): void {
  const own = events.get(id);
  if (own) own.push(event);
  else events.set(id, [event]);
}

/**
 * The writes that bring the documents up to these events. A document skips events that its position shows it has seen.
 *
 * @param evolve returns the document after the event, or null to remove it (or not create it)
 * @throws UnreadableEvent for the event at which the fold fails
 */
export async function foldDocuments<D extends StoredDocument>(
  events: EventsByDocument,
  load: LoadDocuments,
  evolve: (document: Content<D> | null, event: KnownEvent, id: string) => Content<D> | null,
): Promise<GuardedWrite[]> {
  const stored = (await load([...events.keys()])) as readonly D[];
  const before = new Map(stored.map((document) => [document._id, document]));
  const writes: GuardedWrite[] = [];
  for (const [id, own] of events) {
    const document = before.get(id) ?? null;
    const expected = document?.position ?? null;
    let content: Content<D> | null = document;
    let position = expected;
    for (const event of own) {
      if (position !== null && event.position <= position) continue;
      try {
        content = evolve(content, event, id);
      } catch (error) {
        throw new UnreadableEvent(event, error instanceof Error ? error.message : String(error), { cause: error });
      }
      position = event.position;
    }
    const unchanged = position === expected || (content === null && document === null);
    if (unchanged || position === null) continue;
    writes.push({ id, expected, next: content && { ...content, _id: id, position } });
  }
  return writes;
}
