import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import {
  heldByTime,
  heldDeliveries,
  heldOfEndpoint,
  nextEndpointWithHeld,
} from "../../../src/projections/held-deliveries.ts";
import {
  at,
  attempted,
  canceled,
  DELIVERY_ID,
  failed,
  held,
  letGo,
  requested,
  started,
} from "../../specification/delivery-story.ts";
import { filled, specificationOf } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const given = specificationOf(heldDeliveries);
const heldSince = (since: string) => ({ _id: DELIVERY_ID, endpoint_id: 7, since, reason: "endpoint_disabled" });

function logOfDelivery(...events: GatewayEvent[]) {
  return logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const));
}

describe("what is held", () => {
  it("is a delivery from when it is held until it is let go or ends", async () => {
    const retried = [requested(), started(1, 0), attempted(1, 0, 1)];
    await given(logOfDelivery(...retried, held(61))).then(heldSince(at(61)));
    await given(logOfDelivery(...retried, held(61), letGo(70, 70))).then();
    await given(logOfDelivery(...retried, held(61), letGo(70, 70), held(71))).then(heldSince(at(71)));
    await given(logOfDelivery(requested(), held(1), canceled(2))).then();
    await given(logOfDelivery(requested(), held(1), failed(2, "gone"))).then();
  });

  it("is found by how long it is held, over all endpoints", async () => {
    const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
    const log = [4, 2, 9, 2].map((second, number) => [`delivery-${id(number)}`, held(second, id(number))] as const);
    const documents = await filled(heldDeliveries, [logOf(log)]);
    const found: string[] = [];
    for await (const page of heldByTime(documents, null, { size: 2 })) found.push(...page.map(({ _id }) => _id));
    expect(found).toEqual([1, 3, 0, 2].map(id));
    for await (const page of heldByTime(documents, 8)) expect(page).toEqual([]);
  });

  it("is found by endpoint, each once", async () => {
    const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
    const ofEndpoint = [9, 7, 9, 12, 9];
    const log = ofEndpoint.map((endpointId, number) => {
      const event = held(1, id(number));
      return [`delivery-${id(number)}`, { ...event, data: { ...event.data, endpointId } }] as const;
    });
    const documents = await filled(heldDeliveries, [logOf(log)]);
    const found: [number, string[]][] = [];
    let endpoint = await nextEndpointWithHeld(documents, null);
    for (; endpoint !== null; endpoint = await nextEndpointWithHeld(documents, endpoint)) {
      const ids: string[] = [];
      for await (const page of heldOfEndpoint(documents, endpoint)) ids.push(...page.map(({ _id }) => _id));
      found.push([endpoint, ids]);
    }
    expect(found).toEqual([
      [7, [id(1)]],
      [9, [id(0), id(2), id(4)]],
      [12, [id(3)]],
    ]);
  });
});
