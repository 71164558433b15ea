import type { ResolvedEvent } from "@eventstore/db-client";
import { UnreadableEvent } from "../event-store-errors.ts";
import type { EventMetadata, RecordedEvent } from "../event-store.ts";
import { positionOf, revisionOf } from "../position.ts";
import { isEventPlace, isLogStream } from "./server-place.ts";

/**
 * The port's event for the server's; null for what is a broken link. Data that is not the JSON it claims to be comes as
 * text or bytes, and metadata may be missing: whoever knows the catalogue refuses such an event.
 *
 * @throws UnreadableEvent for an event of the log whose commit and prepare positions differ: one of the old TCP protocol's
 * transactions, whose events share a position. Those in streams of others are given, since they are only passed over.
 */
export function recordedEventOf(resolved: ResolvedEvent): RecordedEvent | null {
  const { event } = resolved;
  if (event === undefined) return null;
  if (event.position === undefined) throw new TypeError("the server told no position of an event");
  const { streamId: stream } = event;
  const [revision, position] = [revisionOf(event.revision), positionOf(event.position.commit)];
  if (!isEventPlace(event.position) && isLogStream(stream)) {
    throw new UnreadableEvent(
      { stream, revision, position },
      `it has commit position ${event.position.commit} and prepare position ${event.position.prepare}`,
    );
  }
  return {
    id: event.id,
    stream,
    revision,
    position,
    type: event.type,
    data: event.data,
    metadata: event.metadata as unknown as EventMetadata,
    recordedAt: event.created.toISOString(),
  };
}
