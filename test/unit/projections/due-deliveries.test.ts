import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import {
  attemptsUnderWay,
  dueBefore,
  dueDeliveries,
  dueIn,
  underWay,
} from "../../../src/projections/due-deliveries.ts";
import {
  at,
  attempted,
  canceled,
  claim,
  DELIVERED,
  DELIVERY_ID,
  failed,
  held,
  letGo,
  released,
  requested,
  started,
} from "../../specification/delivery-story.ts";
import { filled, specificationOf } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const given = specificationOf(dueDeliveries);
/** Waiting since `since` for its due time. */
const due = (due_at: string, since = due_at) => ({
  _id: DELIVERY_ID,
  endpoint_id: 7,
  due_at,
  since,
  under_way_since: null,
});

function logOfDelivery(...events: GatewayEvent[]) {
  return logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const));
}

describe("the to-do list", () => {
  it("has a delivery at once when it was asked for", async () => {
    await given(logOfDelivery(requested())).then(due(at(0)));
  });

  it("has it for the end of the lease while an attempt is under way", async () => {
    await given(logOfDelivery(requested(), started(1, 0))).then({
      ...due(claim(1, 0).leaseUntil, at(0)),
      under_way_since: at(0),
    });
  });

  it("has it at once when a claim was given back", async () => {
    await given(logOfDelivery(requested(), started(1, 0), released(1, 2))).then(due(at(2)));
  });

  it("has it for its next attempt after a failure", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) }));
    await given(log).then(due(at(61), at(1)));
  });

  it("has it no more once it was delivered or failed for good", async () => {
    await given(logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))).then();
    await given(logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1), failed(1, "gone"))).then();
  });

  it("has it no more while it is held, and again when it is let go", async () => {
    await given(logOfDelivery(requested(), held(1))).then();
    await given(logOfDelivery(requested(), held(1), letGo(2, 9))).then(due(at(9), at(2)));
    await given(logOfDelivery(requested(), held(1), letGo(2, 9), held(9))).then();
    await given(logOfDelivery(requested(), held(1), canceled(2))).then();
    await given(logOfDelivery(requested(), canceled(2))).then();
  });

  it("gives what falls due before a time, oldest first, each once", async () => {
    const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
    const seconds = [5, 1, 3, 3, 3, 9, 2];
    const documents = await filled(dueDeliveries, [
      logOf(seconds.map((second, index) => [`delivery-${id(index)}`, requested(second, id(index))] as const)),
    ]);
    const found: string[] = [];
    for await (const page of dueBefore(documents, at(9))) found.push(...page.map(({ _id }) => _id));
    expect(found).toEqual([1, 6, 2, 3, 4, 0].map(id));
    expect(await dueIn(documents, { to: at(9) })).toBe(6);
    expect(await dueIn(documents, { from: at(3), to: at(9) })).toBe(4);
  });

  it("gives what is under way, the attempt that was claimed first before the others, and counts it until its lease ends", async () => {
    const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
    const entries = [3, 1, 2, 4].flatMap((second, index) => [
      [`delivery-${id(index)}`, requested(0, id(index))] as const,
      [`delivery-${id(index)}`, started(1, second, id(index))] as const,
    ]);
    const ended = attempted(1, 4, 5, { deliveryId: id(3), nextAttemptAt: at(61) });
    const documents = await filled(dueDeliveries, [logOf([...entries, [`delivery-${id(3)}`, ended]])]);
    const found: string[] = [];
    for await (const page of underWay(documents)) found.push(...page.map(({ _id }) => _id));
    expect(found).toEqual([1, 2, 0].map(id));
    expect(await attemptsUnderWay(documents, at(5))).toBe(3);
    expect(await attemptsUnderWay(documents, claim(1, 1).leaseUntil)).toBe(2);
  });
});
