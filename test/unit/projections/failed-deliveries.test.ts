import { describe, expect, it } from "vitest";
import { deliveries } from "../../../src/projections/deliveries.ts";
import { failedDeliveries } from "../../../src/projections/failed-deliveries.ts";
import type { DeliveriesOf } from "../../../src/projections/failed-deliveries.ts";
import { at, attempted, canceled, DELIVERED, failed, requested } from "../../specification/delivery-story.ts";
import { filled } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;

describe("what failed for good", () => {
  const log = [5, 1, 3, 3].flatMap((second, number) => {
    const stream = `delivery-${id(number)}`;
    const request = requested(0, id(number), number % 2 === 0 ? 7 : 8);
    const end = failed(second, "attempts_exhausted");
    return [
      [stream, { ...request, data: { ...request.data, userId: number < 2 ? 3 : 4 } }] as const,
      [stream, attempted(1, 0, second, { deliveryId: id(number) })] as const,
      [stream, { ...end, data: { ...end.data, deliveryId: id(number) } }] as const,
    ];
  });
  const others = [
    [`delivery-${id(8)}`, requested(0, id(8))] as const,
    [`delivery-${id(8)}`, canceled(9, id(8))] as const,
    [`delivery-${id(9)}`, requested(0, id(9))] as const,
    [`delivery-${id(9)}`, attempted(1, 0, 9, { ...DELIVERED, deliveryId: id(9) })] as const,
  ];

  async function found(of: DeliveriesOf | null, after?: { value: string; id: string }): Promise<string[]> {
    const documents = await filled(deliveries, [logOf([...log, ...others])]);
    const ids: string[] = [];
    for await (const page of failedDeliveries(documents, of, { size: 2, ...(after && { after }) })) {
      ids.push(...page.map(({ _id }) => _id));
    }
    return ids;
  }

  it("is listed with the last first, without what was delivered or canceled", async () => {
    expect(await found(null)).toEqual([0, 3, 2, 1].map(id));
    expect(await found(null, { value: at(3), id: id(3) })).toEqual([2, 1].map(id));
  });

  it("is listed of one user, and of one endpoint", async () => {
    expect(await found({ userId: 4 })).toEqual([3, 2].map(id));
    expect(await found({ endpointId: 8 })).toEqual([3, 1].map(id));
    expect(await found({ userId: 5 })).toEqual([]);
  });
});
