import { describe, expect, it } from "vitest";
import { readEvent } from "../../../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { scanDeliveries } from "../../../../src/http/admin/scanned-deliveries.ts";
import { foldBatch } from "../../../../src/projections/folding/fold-batch.ts";
import { collectionOf } from "../../../../src/projections/projection.ts";
import { PROJECTIONS } from "../../../../src/projections/read-models.ts";
import type { DocumentStore } from "../../../../src/projections/store/document-store.ts";
import { MemoryDocumentStore } from "../../../../src/projections/store/memory/memory-document-store.ts";
import { at, held, requested } from "../../../specification/delivery-story.ts";
import { logOf } from "../../../specification/recorded.ts";

const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** Deliveries of user 3 to endpoints 7 to 9, and of user 4 to endpoint 10, held at these seconds. */
const HELD: readonly (readonly [endpointId: number, second: number])[] = [
  [7, 5],
  [7, 2],
  [8, 4],
  [8, 4],
  [9, 1],
  [10, 3],
  [9, 6],
];

async function documents(): Promise<DocumentStore> {
  const store = new MemoryDocumentStore();
  const log = logOf(
    HELD.flatMap(([endpointId, second], number) => {
      const request = requested(0, id(number), endpointId);
      const hold = held(second, id(number));
      const events: GatewayEvent[] = [
        { ...request, data: { ...request.data, userId: endpointId === 10 ? 4 : 3 } },
        { ...hold, data: { ...hold.data, endpointId } },
      ];
      return events.map((event) => [`delivery-${id(number)}`, event] as const);
    }),
  ).map(readEvent);
  for (const model of PROJECTIONS.filter(({ categories }) => categories?.includes("delivery"))) {
    await store.prepare(collectionOf(model));
    await foldBatch(model, store, log);
  }
  return store;
}

describe("what is held of a user", () => {
  it("comes with the longest first over all endpoints, each once, in pages of any size and from any place", async () => {
    const store = await documents();
    const of = { userId: 3, endpointId: null };
    const wanted = { state: "held", of, ownerOf: () => null, now: at(9), before: at(9) } as const;
    const expected = [4, 1, 2, 3, 0, 6].map(id);
    for (const size of [1, 2, 3, 6, 7]) {
      const seen: string[] = [];
      for await (const { found } of scanDeliveries(store, wanted, { size })) seen.push(found?._id ?? "none");
      expect(seen).toEqual(expected);
    }
    const rest: string[] = [];
    const after = { value: at(4), id: id(2) };
    for await (const { place } of scanDeliveries(store, wanted, { size: 2, after })) rest.push(place.id);
    expect(rest).toEqual(expected.slice(3));
  });
});
