import { schemaVersionOf } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import { derivedId } from "../../src/events/store/derived-id.ts";
import type { RecordedEvent } from "../../src/events/store/event-store.ts";
import { positionOf, revisionOf } from "../../src/events/store/position.ts";

const NAMESPACE = "00000000-0000-4000-8000-000000000000";

/** An event as the log gives it, at this place of the log and of its stream. */
export function recorded(stream: string, event: GatewayEvent, position = 1, revision = 0): RecordedEvent {
  return {
    id: derivedId(NAMESPACE, `${stream} ${revision}`),
    stream,
    revision: revisionOf(revision),
    position: positionOf(position),
    type: event.type,
    data: event.data,
    metadata: {
      $correlationId: NAMESPACE,
      $causationId: NAMESPACE,
      actor: "test",
      schemaVersion: schemaVersionOf(event.type),
    },
    recordedAt: "2026-03-01T12:00:00.000Z",
  };
}

/** A log of these events in this order; positions are not consecutive, since nobody may count on that. */
export function logOf(events: readonly (readonly [stream: string, event: GatewayEvent])[]): RecordedEvent[] {
  const lengths = new Map<string, number>();
  return events.map(([stream, event], index) => {
    const revision = lengths.get(stream) ?? 0;
    lengths.set(stream, revision + 1);
    return recorded(stream, event, (index + 1) * 7, revision);
  });
}
