import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalText } from "../../../src/net/addresses.ts";
import { CLIENT_ADDRESS_HEADERS, addressOfNode, forwardedFor } from "../../../src/net/forwarded.ts";
import type { ClientAddressHeader } from "../../../src/net/forwarded.ts";

const header = fc.constantFrom<ClientAddressHeader>(...CLIENT_ADDRESS_HEADERS);
/** What a header's value may have in it; often what means something here. */
const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', "\\", ",", ";", "=", " ", "\t", "for=", "[", "]", ":", "unknown", "198.51.100.1", "%"),
    fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  ),
  maxLength: 60,
});
const blanks = fc.constantFrom("", " ", "\t ");
const port = fc.oneof(
  fc.constant(""),
  fc.integer({ min: 0, max: 65_535 }).map((n) => `:${n}`),
);

/** An address, and the ways in which a proxy writes it. */
const node = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), port, fc.boolean(), blanks, blanks)
  .map(([address, withPort, quoted, before, after]) => {
    const text = address.includes(":") && (withPort !== "" || quoted) ? `[${address}]${withPort}` : address + withPort;
    return { address, text, written: `${before}${quoted ? `"${text}"` : text}${after}` };
  });

/** How a proxy writes it in this header, with what may stand beside it. */
function written(name: ClientAddressHeader, text: string): string {
  return name === "forwarded" ? `proto=https;for="${text}";host="a\\"b,c;for=192.0.2.9"` : text;
}

function named(name: ClientAddressHeader, value: string): (string | null)[] {
  return Array.from(forwardedFor(name, value), (address) => (address === null ? null : canonicalText(address)));
}

function canonical(address: string): string {
  const parsed = addressOfNode(address);
  if (parsed === null) throw new Error(`${address} is an address`);
  return canonicalText(parsed);
}

describe("a header that names clients", () => {
  it("gives each address without its port, quotes and blanks, the last one first", () => {
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 5 }), (nodes) => {
        const expected = nodes.map(({ address }) => canonical(address)).reverse();
        expect(named("x-forwarded-for", nodes.map((one) => one.written).join(","))).toEqual(expected);
        expect(named("forwarded", nodes.map(({ text }) => written("forwarded", text)).join(" , "))).toEqual(expected);
      }),
    );
  });

  it("is read alike at its end, whatever a client writes before that", () => {
    fc.assert(
      fc.property(header, anything, node, (name, before, { address, text }) => {
        expect(named(name, `${before}, ${written(name, text)}`)[0]).toBe(canonical(address));
        expect(named(name, `${before}, ${written(name, "unknown")}`)[0]).toBeNull();
      }),
      { numRuns: 1_000 },
    );
  });

  it("breaks nothing, whatever it is", () => {
    fc.assert(
      fc.property(header, anything, (name, value) => {
        const count = named(name, value).length;
        expect(count).toBeLessThanOrEqual(value.split(",").length);
        if (name === "x-forwarded-for" && value.trim() !== "") expect(count).toBe(value.split(",").length);
      }),
      { numRuns: 1_000 },
    );
  });
});
