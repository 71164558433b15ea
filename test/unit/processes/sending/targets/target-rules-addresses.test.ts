import { BlockList } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { createTargetRules } from "../../../../../src/processes/sending/targets/target-rules.ts";

const rules = createTargetRules([], () => new Set());

describe("judgeAddress", () => {
  /** The list of docs/reference/targets.md, written down and looked up in another way than by the product. */
  const blocked = new BlockList();
  const list =
    "0/8 10/8 100.64/10 127/8 169.254/16 172.16/12 192.0.0/24 192.0.2/24 192.31.196/24 192.52.193/24 192.88.99/24 " +
    "192.168/16 192.175.48/24 198.18/15 198.51.100/24 203.0.113/24 224/4 240/4 168.63.129.16/32";
  const networks = list.split(" ").map((range) => {
    const [short = "", prefix = ""] = range.split("/");
    const octets = [...short.split("."), "0", "0", "0"].slice(0, 4);
    blocked.addSubnet(octets.join("."), Number(prefix), "ipv4");
    return { first: octets.reduce((sum, octet) => sum * 256 + Number(octet), 0), size: 2 ** (32 - Number(prefix)) };
  });
  const dotted = (value: number): string => [24, 16, 8, 0].map((bits) => (value >>> bits) & 255).join(".");
  const anyIpv4 = fc.oneof(
    fc.nat(2 ** 32 - 1),
    // Just inside and outside of both ends of every range.
    ...networks.map(({ first, size }) =>
      fc
        .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom(first, first + size - 1))
        .map(([offset, edge]) => Math.min(Math.max(0, edge + offset), 2 ** 32 - 1)),
    ),
  );

  it("refuses exactly the listed IPv4 addresses", () => {
    fc.assert(
      fc.property(anyIpv4, (value) => {
        expect(rules.judgeAddress(dotted(value))).toBe(!blocked.check(dotted(value), "ipv4"));
      }),
      { numRuns: 3000 },
    );
  });

  it("judges every spelling of an IPv4 address in a URL like the address", () => {
    fc.assert(
      fc.property(anyIpv4, (value) => {
        const hex = value.toString(16).padStart(8, "0");
        const hosts = [dotted(value), `${value}`, `0x${hex}`, `0${value.toString(8)}`, `[::ffff:${dotted(value)}]`];
        const expected = rules.judgeAddress(dotted(value)) ? "ok" : "forbidden";
        expect(hosts.map((host) => rules.judgeUrl(`http://${host}/`))).toEqual(hosts.map(() => expected));
        expect(rules.judgeAddress(`::ffff:${hex.slice(0, 4)}:${hex.slice(4)}`)).toBe(expected === "ok");
      }),
      { numRuns: 500 },
    );
  });

  it("refuses exactly the listed IPv6 addresses", () => {
    const globalUnicast = new BlockList();
    globalUnicast.addSubnet("2000::", 3, "ipv6");
    const inside = new BlockList();
    inside.addSubnet("2001::", 23, "ipv6");
    inside.addSubnet("2001:db8::", 32, "ipv6");
    inside.addSubnet("2002::", 16, "ipv6");
    inside.addSubnet("2620:4f:8000::", 48, "ipv6");
    inside.addSubnet("3fff::", 20, "ipv6");
    const group = fc.nat(0xffff);
    // The first group is never 0, so that none of these is a mapped IPv4 address.
    const first = fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.constantFrom(0x2001, 0x2002, 0x2620, 0x3fff));
    const second = fc.oneof(group, fc.constantFrom(0x1ff, 0x200, 0xdb7, 0xdb8, 0xdb9, 0x4f, 0xfff, 0x1000));
    const third = fc.oneof(group, fc.constantFrom(0x7fff, 0x8000, 0x8001));
    fc.assert(
      fc.property(fc.tuple(first, second, third, group, group, group, group, group), (groups) => {
        const address = groups.map((each) => each.toString(16)).join(":");
        const expected = globalUnicast.check(address, "ipv6") && !inside.check(address, "ipv6");
        expect(rules.judgeAddress(address)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it("takes no address that ipaddr.js knows a special use for", () => {
    const ipv4 = fc.ipV4().map((text) => ipaddr.parse(text));
    // Half of them in the part of IPv6 that is global unicast.
    const ipv6 = fc
      .tuple(fc.boolean(), fc.uint8Array({ minLength: 16, maxLength: 16 }))
      .map(([global, bytes]) =>
        ipaddr.fromByteArray([global ? 0x20 | ((bytes[0] ?? 0) & 0x1f) : (bytes[0] ?? 0), ...bytes.slice(1)]),
      );
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        if (!rules.judgeAddress(address.toString())) return;
        taken += 1;
        expect(address.range()).toBe("unicast");
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(1_000);
  });

  it.each([
    "",
    "localhost",
    "127.1",
    "0177.0.0.1",
    "8.8.8",
    "08.8.8.8",
    "[2606:4700::1]",
    "8.8.8.8:80",
    "2606::1%eth0",
    "x",
  ])("refuses %j, which is no address", (text) => {
    expect(rules.judgeAddress(text)).toBe(false);
  });

  it("refuses the addresses of this host, public ones too", () => {
    const own = createTargetRules([], () => new Set(["8.8.4.4", "2606:4700:0:0:0:0:0:1"]));
    expect(own.judgeAddress("8.8.4.4")).toBe(false);
    expect(own.judgeUrl("http://[2606:4700::1]/")).toBe("forbidden");
    expect(own.judgeAddress("8.8.8.8")).toBe(true);
  });
});
