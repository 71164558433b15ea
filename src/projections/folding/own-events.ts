import { readEvent } from "../../events/catalogue.ts";
import type { KnownEvent } from "../../events/catalogue.ts";
import { recordedCategoryOf } from "../../events/store/event-store.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { AnyProjection } from "../projection.ts";

/** All categories that any of the projections folds; null: the whole log. */
export function categoriesOf(projections: readonly AnyProjection[]): readonly string[] | null {
  const all = new Set<string>();
  for (const { categories } of projections) {
    if (categories === null) return null;
    for (const category of categories) all.add(category);
  }
  return [...all];
}

/** The items of the projection's own categories, from those read for all. */
export function ownOf<T extends { readonly stream: string }>(
  { categories: own }: AnyProjection,
  all: readonly string[] | null,
  read: readonly T[],
): readonly T[] {
  if (own === null || own.length === all?.length) return read;
  return read.filter(({ stream }) => own.includes(recordedCategoryOf(stream)));
}

/** The event as the catalogue reads it, or the error if it cannot be read. */
export function readOrPoison(recorded: RecordedEvent): KnownEvent | UnreadableEvent {
  try {
    return readEvent(recorded);
  } catch (error) {
    if (error instanceof UnreadableEvent) return error;
    throw error;
  }
}

/** The events before the first that cannot be read, and its error. */
export function untilPoison(read: readonly (KnownEvent | UnreadableEvent)[]): {
  events: readonly KnownEvent[];
  poison: UnreadableEvent | null;
} {
  const events: KnownEvent[] = [];
  for (const event of read) {
    if (event instanceof UnreadableEvent) return { events, poison: event };
    events.push(event);
  }
  return { events, poison: null };
}
