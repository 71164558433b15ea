import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../../../../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../../../../../src/events/store/event-store-errors.ts";
import { eventsAt } from "../../../../../../src/events/store/eventstoredb/reading/events-at.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { positionOf } from "../../../../../../src/events/store/position.ts";
import type { Position } from "../../../../../../src/events/store/position.ts";
import { collect } from "../../../../../fixtures/event-log/event-samples.ts";
import { recorded } from "../../../../../specification/recorded.ts";
import { requested } from "../../../../../specification/delivery-story.ts";

function found(position: Position, stream: string | null = "delivery-1"): FoundEvent {
  const event: RecordedEvent = { ...recorded("delivery-1", requested()), position };
  return { position, stream, type: "SomethingHappened", id: event.id, bytes: 1, recorded: () => event };
}

describe("the events at positions of a server", () => {
  const positions = Array.from({ length: 50 }, (_, index) => positionOf(index * 10));

  it("come in the order of the positions, with at most 16 reads at a time", async () => {
    let underWay = 0;
    let most = 0;
    const at = async (position: Position): Promise<FoundEvent> => {
      underWay += 1;
      most = Math.max(most, underWay);
      // Later ones are faster.
      for (let turn = Number(position) % 70; turn > 0; turn -= 10) await Promise.resolve();
      underWay -= 1;
      return found(position);
    };
    const events = await collect(eventsAt({ at }, positions));
    expect(events.map(({ position }) => position)).toEqual(positions);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
  });

  it("are without those that are not there, or another program's", async () => {
    const at = async (position: Position): Promise<FoundEvent | null> =>
      position === positions[0] ? null : found(position, position === positions[1] ? null : "delivery-1");
    const events = await collect(eventsAt({ at }, positions.slice(0, 3)));
    expect(events.map(({ position }) => position)).toEqual([positions[2]]);
  });

  it("end with the first failure, and read no further than what was begun", async () => {
    let reads = 0;
    const at = async (position: Position): Promise<FoundEvent> => {
      reads += 1;
      if (position === positions[3]) throw new StoreUnavailable("it is down");
      return found(position);
    };
    const seen: Position[] = [];
    const reading = async (): Promise<void> => {
      for await (const { position } of eventsAt({ at }, positions)) seen.push(position);
    };
    await expect(reading()).rejects.toThrow(StoreUnavailable);
    expect(seen).toEqual(positions.slice(0, 3));
    expect(reads).toBeLessThan(20);
  });
});
