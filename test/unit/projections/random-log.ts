import fc from "fast-check";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { deliveryStream } from "../../../src/events/delivery.ts";
import { at, attempted, DELIVERED, requested, started } from "../../specification/delivery-story.ts";

/** How far each of a few deliveries has come, and in which order their next events happen. */
export type Entries = readonly (readonly [stream: string, event: GatewayEvent])[];

const DELIVERIES = [1, 2, 3].map((number) => `0198f1a2-0000-7000-8000-00000000000${number}`);

/** The events of one delivery: a failed attempt, then a delivered one. */
function storyOf(deliveryId: string): GatewayEvent[] {
  return [
    requested(0, deliveryId),
    started(1, 0, deliveryId),
    attempted(1, 0, 1, { deliveryId, nextAttemptAt: at(61) }),
    started(2, 61, deliveryId),
    attempted(2, 61, 62, { ...DELIVERED, deliveryId }),
  ];
}

/** Logs of up to three deliveries whose events are mixed in any way that each delivery's own order allows. */
export const randomEntries: fc.Arbitrary<Entries> = fc
  .array(fc.constantFrom(...DELIVERIES), { minLength: 1, maxLength: 15 })
  .map((turns) => {
    const stories = new Map(DELIVERIES.map((id) => [id, storyOf(id)]));
    return turns.flatMap((id) => {
      const event = stories.get(id)?.shift();
      return event === undefined ? [] : [[deliveryStream(id), event] as const];
    });
  });
