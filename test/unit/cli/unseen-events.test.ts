import { describe, expect, it } from "vitest";
import { knowledgeOf } from "../../../src/cli/unseen-events.ts";
import { deliveries } from "../../../src/projections/deliveries.ts";
import { checkpointNameOf } from "../../../src/projections/projection.ts";
import type { Checkpoint } from "../../../src/projections/store/document-store.ts";
import { users } from "../../../src/projections/users.ts";
import { DELIVERY_ID, requested, started } from "../../specification/delivery-story.ts";
import { logOf } from "../../specification/recorded.ts";
import type { RecordedEvent, ReadAllOptions } from "../../../src/events/store/event-store.ts";

const STREAM = `delivery-${DELIVERY_ID}`;
const EVENTS = logOf([
  [STREAM, requested()],
  [STREAM, started(1, 1)],
]);

/** What is known of a log of two events of a delivery and none of a user. */
function known(checkpoints: Readonly<Record<string, Partial<Checkpoint>>>, events: readonly RecordedEvent[] = EVENTS) {
  const at = (index: number): Checkpoint => {
    const { position, id } = events[index] ?? events[0]!;
    return { name: "", position, eventId: id, searchedTo: position };
  };
  const log = {
    idAt: async (position: string) => events.find((event) => event.position === position)?.id ?? null,
    async *readAll({ after = null, categories, limit }: ReadAllOptions = {}) {
      expect(limit).toBe(1);
      const found = events.find(
        ({ position, stream }) =>
          (after === null || position > after) && categories?.some((one) => stream.startsWith(`${one}-`)),
      );
      if (found !== undefined) yield found;
    },
  };
  const documents = {
    checkpoint: async (name: string) => {
      const changes = checkpoints[name];
      return changes === undefined ? null : { ...at(1), ...changes };
    },
  };
  return { at, ask: () => knowledgeOf([users, deliveries], documents, log) };
}

const OF_DELIVERIES = checkpointNameOf(deliveries);

describe("what read models know of a log", () => {
  it("is all when there is no event of theirs after their checkpoints, even without one", async () => {
    expect(await known({ [OF_DELIVERIES]: {} }).ask()).toEqual({ kind: "all" });
    expect(await known({}, []).ask()).toEqual({ kind: "all" });
  });

  it("is less when there is one, since that was recorded", async () => {
    const { at } = known({});
    expect(await known({ [OF_DELIVERIES]: at(0) }).ask()).toEqual({ kind: "behind", since: EVENTS[1]!.recordedAt });
  });

  it("is nothing when one was never made, and when it is of another log", async () => {
    expect(await known({}).ask()).toEqual({ kind: "nothing" });
    expect(await known({ [OF_DELIVERIES]: { eventId: "another" } }).ask()).toEqual({ kind: "nothing" });
  });
});
