import { readEvent } from "../../events/catalogue.ts";
import type { KnownEvent } from "../../events/catalogue.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import { numberOf } from "../../events/store/position.ts";
import { deliveries } from "../deliveries.ts";
import { shownDelivery } from "../shown-delivery.ts";
import type { ShownDelivery } from "../shown-delivery.ts";
import { snakeCased } from "../snake-case.ts";
import { documentAfter } from "./state-at.ts";

/** An event of a delivery, with the delivery before it (null before the first) and after it. */
export interface HistoryStep {
  readonly event: KnownEvent;
  readonly before: ShownDelivery | null;
  readonly after: ShownDelivery;
}

/** A step in its public form. Its members are in the order in which they are written. */
export interface ShownStep {
  /** Its place in the log; opaque. */
  readonly position: string;
  /** Its place in the delivery's own events, from 0. */
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  /** When the log recorded it, ISO 8601 UTC. */
  readonly time: string;
  readonly actor: string;
  readonly correlation_id: string;
  readonly causation_id: string;
  /** The event's data without the payload, which has its own route. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly state_after: ShownDelivery;
}

/**
 * Folds the events of one delivery step by step, each on demand.
 *
 * @throws UnreadableEvent at the first event that cannot be read or folded, after giving all steps before it
 */
export function* historySteps(deliveryId: string, events: Iterable<RecordedEvent>): Generator<HistoryStep, void> {
  let document = null;
  let before: ShownDelivery | null = null;
  for (const recorded of events) {
    const event = readEvent(recorded);
    document = documentAfter(deliveries, deliveryId, document, event);
    if (document === null) throw new UnreadableEvent(event, `${event.type} of a delivery that was never requested`);
    const after = shownDelivery(document);
    yield { event, before, after };
    before = after;
  }
}

/** A step in its public form. */
export function shownStep({ event, after }: HistoryStep): ShownStep {
  const { $correlationId, $causationId, actor } = event.metadata;
  return {
    position: event.position,
    revision: numberOf(event.revision),
    id: event.id,
    type: event.type,
    time: event.recordedAt,
    actor,
    correlation_id: $correlationId,
    causation_id: $causationId,
    data: withoutPayload(snakeCased(event.data)),
    state_after: after,
  };
}

function withoutPayload(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== "payload"));
}
