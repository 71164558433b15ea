import { describe, expect, it } from "vitest";
import { columnsOfTerminal, deliveryHeading, deliveryLines, moreLine } from "../../../src/cli/delivery-lines.ts";
import type { ListedDelivery } from "../../../src/cli/delivery-lines.ts";
import { columnsOf, obeyedByTerminals } from "../../fixtures/terminal.ts";

const ID = "0198f1a2-0000-7000-8000-000000000001";
const plain = (_look: "bold" | "dim", text: string): string => text;

function listed(changes: Partial<ListedDelivery> = {}): ListedDelivery {
  const time = "2026-03-01T12:00:00.123Z";
  return { _id: ID, created_at: time, status: "PENDING", endpoint_id: 7, attempts: 0, reference: null, ...changes };
}

const SEVERAL = [
  listed({ status: "CANCELED", endpoint_id: 12, attempts: 10, reference: "order 42" }),
  listed(),
  listed({ reference: "注文\u001b[2J 漢字漢字" }),
];

describe("the lines of a list of deliveries", () => {
  it("are whole where no terminal shows them, with fields in columns and nothing that a terminal obeys", () => {
    expect(deliveryLines(SEVERAL, null)).toEqual([
      `${ID} 2026-03-01T12:00:00.123Z CANCELED 12 10 order 42`,
      `${ID} 2026-03-01T12:00:00.123Z PENDING   7  0`,
      String.raw`${ID} 2026-03-01T12:00:00.123Z PENDING   7  0 注文\u001b[2J 漢字漢字`,
    ]);
    expect(deliveryLines([], null)).toEqual([]);
  });

  it("have a number in a terminal, and in one of 80 columns the time to the minute and a part of the reference", () => {
    expect(deliveryLines(SEVERAL, { columns: 120, paint: plain })).toEqual([
      `1 ${ID} 2026-03-01T12:00:00.123Z CANCELED 12 10 order 42`,
      `2 ${ID} 2026-03-01T12:00:00.123Z PENDING   7  0`,
      String.raw`3 ${ID} 2026-03-01T12:00:00.123Z PENDING   7  0 注文\u001b[2J 漢字漢字`,
    ]);
    expect(deliveryLines(SEVERAL, { columns: 80, paint: plain })).toEqual([
      `1 ${ID} 2026-03-01 12:00 CANCELED 12 10 order 42`,
      `2 ${ID} 2026-03-01 12:00 PENDING   7  0`,
      `3 ${ID} 2026-03-01 12:00 PENDING   7  0 注文…`,
    ]);
  });

  it.each([80, 100, 137])("never need more than %i columns, and never another line", (columns) => {
    const many = Array.from({ length: 120 }, (_, index) => listed({ reference: "\n\u202e漢字a".repeat(index) }));
    const lines = deliveryLines(many, { columns, paint: plain });
    for (const line of lines) {
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
      expect(obeyedByTerminals(line)).toEqual([]);
      expect(line).not.toContain("\n");
    }
    expect(lines[0]).toMatch(/^ {2}1 /);
    expect(lines[119]).toMatch(/^120 /);
  });

  it("have no room for a reference in a terminal that is narrower still", () => {
    expect(deliveryLines(SEVERAL.slice(0, 1), { columns: 40, paint: plain })).toEqual([
      `1 ${ID} 2026-03-01 12:00 CANCELED 12 10`,
    ]);
  });

  it("come after what their fields are, in 80 columns for the longest name", () => {
    const heading = deliveryHeading("a".repeat(16), plain);
    expect(heading).toEqual([
      `deliveries of ${"a".repeat(16)}, newest first`,
      "id, time of acceptance (UTC), status, endpoint, attempts, reference",
    ]);
    const painted = (look: string, text: string): string => `<${look}>${text}</>`;
    expect(deliveryHeading("alice", painted)[0]).toBe("<bold>deliveries of alice, newest first</>");
    expect(deliveryLines([listed()], { columns: 80, paint: painted })[0]).toMatch(/^<dim>1<\/> 0198/);
  });

  it("end with what is left out, and with a --to that has all of it", () => {
    const earlier = listed({ created_at: "2026-02-01T00:00:00.000Z" });
    expect(moreLine([listed(), earlier], true)).toBe(
      "2 more: go on with --to 2026-03-01T12:00:00.124Z, or raise --limit",
    );
    expect(
      moreLine(
        Array.from({ length: 1_000 }, () => listed()),
        false,
      ),
    ).toBe("at least 1000 more: go on with --to 2026-03-01T12:00:00.124Z, or raise --limit");
  });

  it("are for 80 columns where a terminal does not say how many it has", () => {
    expect([columnsOfTerminal({}), columnsOfTerminal({ columns: 0 }), columnsOfTerminal({ columns: 132 })]).toEqual([
      80, 80, 132,
    ]);
  });
});
