import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEvent } from "../../../../src/events/catalogue.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { deliveries } from "../../../../src/projections/deliveries.ts";
import type { DeliveryDocument } from "../../../../src/projections/deliveries.ts";
import { endpoints } from "../../../../src/projections/endpoints.ts";
import { historySteps } from "../../../../src/projections/history/history-steps.ts";
import { eventsUntil, readMoment } from "../../../../src/projections/history/moment.ts";
import type { Moment } from "../../../../src/projections/history/moment.ts";
import { stateAt } from "../../../../src/projections/history/state-at.ts";
import { collectionOf } from "../../../../src/projections/projection.ts";
import type { Projection } from "../../../../src/projections/projection.ts";
import { shownDelivery } from "../../../../src/projections/shown-delivery.ts";
import { snakeCased } from "../../../../src/projections/snake-case.ts";
import { randomEntries } from "../../../fixtures/event-log/random-log.ts";
import { at, attempted, DELIVERED, DELIVERY_ID, requested, started } from "../../../specification/delivery-story.ts";
import { filled } from "../../../specification/projection.ts";
import { logOf } from "../../../specification/recorded.ts";

const atPosition = (position: RecordedEvent["position"]): Moment => ({ kind: "position", position });

async function documentOf(log: readonly RecordedEvent[], id: string): Promise<DeliveryDocument | null> {
  const documents = await filled(deliveries, [log]);
  return (await documents.load<DeliveryDocument>(collectionOf(deliveries), [id]))[0] ?? null;
}

/** The events of one delivery, as they follow in a log. */
const STORY = logOf(
  [
    requested(),
    started(1, 0),
    attempted(1, 0, 1, { nextAttemptAt: at(61) }),
    started(2, 61),
    attempted(2, 61, 62, DELIVERED),
  ].map((event) => [`delivery-${DELIVERY_ID}`, event] as const),
);

describe("the state at a moment", () => {
  it("is at every event of every delivery what the read model shows when it has seen the log up to there", async () => {
    await fc.assert(
      fc.asyncProperty(randomEntries, async (entries) => {
        const log = logOf(entries);
        for (const [index, { stream, position }] of log.entries()) {
          const id = stream.slice("delivery-".length);
          const own = log.filter((event) => event.stream === stream);
          const then = await documentOf(log.slice(0, index + 1), id);
          expect(stateAt(deliveries, id, own, atPosition(position))).toEqual(then);
          expect({ ...shownDelivery(then!), _id: id, position }).toEqual({ ...then, id, position });
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is null before the first event, and today's without a moment", async () => {
    expect(stateAt(deliveries, DELIVERY_ID, STORY, atPosition(positionOf(6)))).toBeNull();
    expect(stateAt(deliveries, DELIVERY_ID, [], null)).toBeNull();
    expect(stateAt(deliveries, DELIVERY_ID, STORY, null)).toEqual(await documentOf(STORY, DELIVERY_ID));
  });

  it("does not look at what came later, readable or not", () => {
    const broken = STORY.map((event, index) => (index === 3 ? { ...event, type: "Nonsense" } : event));
    expect(stateAt(deliveries, DELIVERY_ID, broken, atPosition(STORY[2]!.position))).toMatchObject({ attempts: 1 });
    expect(() => stateAt(deliveries, DELIVERY_ID, broken, atPosition(STORY[3]!.position))).toThrow(
      "event 00000000000000000003 of stream delivery-0198f1a2-0000-7000-8000-000000000001 cannot be read",
    );
  });

  it("names the event at which a fold fails", () => {
    const failing: Projection = {
      ...endpoints,
      documentId: () => "1",
      evolve: () => {
        throw new Error("too much");
      },
    };
    expect(() => stateAt(failing, "1", STORY, null)).toThrow(
      /^event 0{20} of stream delivery-\S+ cannot be read: too much/,
    );
  });
});

describe("a moment", () => {
  const atTimes = (...seconds: number[]): RecordedEvent[] =>
    STORY.slice(0, seconds.length).map((event, index) => ({ ...event, recordedAt: at(seconds[index]!) }));
  const kept = (events: readonly RecordedEvent[], text: string): number => eventsUntil(events, readMoment(text)).length;

  it("as a time has what was recorded at that very time", () => {
    const events = atTimes(1, 2, 2, 3);
    expect(kept(events, "2026-03-01T12:00:00.999Z")).toBe(0);
    expect(kept(events, "2026-03-01T12:00:00.9999Z")).toBe(0);
    expect(kept(events, "2026-03-01T12:00:01Z")).toBe(1);
    expect(kept(events, "2026-03-01T12:00:01.0009Z")).toBe(1);
    expect(kept(events, "2026-03-01T13:00:02.000+01:00")).toBe(3);
    expect(kept(events, "9999-12-31T23:59:59-14:00")).toBe(4);
  });

  it("as a position has what stands there, and lies between events as well", () => {
    const events = atTimes(1, 2, 3);
    expect([6, 7, 8, 13, 14, 21, 22].map((one) => kept(events, positionOf(one)))).toEqual([0, 1, 1, 1, 2, 3, 3]);
  });

  it("never leaves an event out of the middle, even where the log's clock went back", () => {
    expect(kept(atTimes(1, 5, 2, 6), at(3))).toBe(1);
    expect(kept(atTimes(1, 5, 2, 6), at(5))).toBe(3);
  });

  it.each(["", "now", "2026", "2026-03-01", "2026-03-01 12:00:00Z", "2026-13-01T00:00:00Z", "1".repeat(19), "NaN"])(
    "is not %j",
    (text) => expect(readMoment(text)).toBeNull(),
  );
});

describe("the steps of a history", () => {
  it("are each event, with the delivery before and after it", () => {
    const steps = [...historySteps(DELIVERY_ID, STORY)];
    expect(steps.map(({ event }) => event)).toEqual(STORY.map(readEvent));
    expect(steps[0]!.before).toBeNull();
    for (const [index, { after }] of steps.entries()) {
      expect(after).toEqual(
        shownDelivery(stateAt(deliveries, DELIVERY_ID, STORY, atPosition(STORY[index]!.position))!),
      );
      if (index > 0) expect(steps[index]!.before).toBe(steps[index - 1]!.after);
    }
  });

  it("end loudly where the story has no beginning", () => {
    expect(() => [...historySteps(DELIVERY_ID, STORY.slice(1))]).toThrow(
      /cannot be read: DeliveryAttemptStarted of a delivery that was never requested$/,
    );
  });
});

describe("the fields of an event's data", () => {
  it("are spelled in snake_case, and their values left alone", () => {
    const content = { camelCase: [{ innerName: 1 }] };
    expect(snakeCased({ payloadSha256: "x", endpointId: 1, url: null, content })).toEqual({
      payload_sha256: "x",
      endpoint_id: 1,
      url: null,
      content,
    });
  });
});
