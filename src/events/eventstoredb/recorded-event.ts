import type { ResolvedEvent } from "@eventstore/db-client";
import type { EventMetadata, RecordedEvent } from "../event-store.ts";
import { revisionOf } from "../position.ts";
import { placeOf } from "./server-place.ts";

/**
 * The port's event for the server's. Data that is not the JSON it claims to be comes as text or bytes, and metadata may
 * be missing: whoever knows the catalogue refuses such an event.
 */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  if (event.position === undefined) throw new TypeError("the server told no position of an event");
  return {
    id: event.id,
    stream: event.streamId,
    revision: revisionOf(event.revision),
    position: placeOf(event.position),
    type: event.type,
    data: event.data,
    metadata: event.metadata as unknown as EventMetadata,
    recordedAt: event.created.toISOString(),
  };
}
