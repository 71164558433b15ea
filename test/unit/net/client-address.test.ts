import { describe, expect, it } from "vitest";
import { clientNetworkBehind } from "../../../src/net/client-address.ts";
import type { ClientAddressHeader } from "../../../src/net/forwarded.ts";

const PROXY = "10.1.2.3";
const TRUSTED = ["10.1.0.0/16", "fd00::/8"];

/** The network of a client whose connection comes from `remoteAddress`, with this value in the header. */
function networkOf(value: string | undefined, header: ClientAddressHeader = "x-forwarded-for", remoteAddress = PROXY) {
  const headers = value === undefined ? {} : { [header]: value };
  return clientNetworkBehind(TRUSTED, header)({ headers, socket: { remoteAddress } });
}

describe("the client behind a trusted proxy", () => {
  it.each([
    ["198.51.100.1", "198.51.100.1"],
    ["198.51.100.1:5000", "198.51.100.1"],
    ['"198.51.100.1:5000"', "198.51.100.1"],
    [" \t198.51.100.1:5000 \t", "198.51.100.1"],
    ['" 198.51.100.1 "', "198.51.100.1"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["[2001:db8::1]", "2001:db8:0:0"],
    ["[2001:db8::1]:443", "2001:db8:0:0"],
    ['"[2001:db8::1]:443"', "2001:db8:0:0"],
    ["[2001:DB8:0::1]:443", "2001:db8:0:0"],
    ["::ffff:198.51.100.1", "198.51.100.1"],
    ["[::ffff:198.51.100.1]:443", "198.51.100.1"],
    ["[fe80::1%eth0]:443", "fe80:0:0:0"],
    // What the client itself wrote stands before what the proxy added.
    ["203.0.113.9, 198.51.100.1:5000", "198.51.100.1"],
    ["unknown, 198.51.100.1", "198.51.100.1"],
    ['"203.0.113.9, 198.51.100.1', "198.51.100.1"],
    // A second trusted proxy before the first one.
    ["203.0.113.9, 198.51.100.1:5000, 10.1.9.9:80", "198.51.100.1"],
    ["198.51.100.1,[fd00::7]:80,10.1.9.9", "198.51.100.1"],
    // All are trusted: the first one is the client.
    ["10.1.7.7, 10.1.9.9", "10.1.7.7"],
  ])("is in X-Forwarded-For: %s", (value, expected) => {
    expect(networkOf(value)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "unknown",
    "_hidden",
    "198.51.100.1, unknown",
    "198.51.100.1, ",
    "198.51.100.1, unknown, 10.1.9.9",
    "198.51.100.1,,10.1.9.9",
    '198.51.100.1, "',
    "198.51.100.1:port",
    "198.51.100.1:123456",
    "198.51.100.1:",
    "[2001:db8::1",
    "2001:db8::1]:443",
    "[2001:db8::1]443",
    "0198.51.100.1",
    "198.51.1",
    "for=198.51.100.1",
    "unix:",
    "a".repeat(10_000),
    ",".repeat(10_000),
    "\u00e9",
  ])("counts as its proxy when that wrote no address last: %j", (value) => {
    expect(networkOf(value)).toBe(PROXY);
  });

  it.each([
    ["for=198.51.100.1", "198.51.100.1"],
    ["For=198.51.100.1;proto=https;by=10.1.2.3", "198.51.100.1"],
    ['for="198.51.100.1:5000"', "198.51.100.1"],
    ["for=198.51.100.1:5000", "198.51.100.1"],
    ['for="198.51.100.1:_gazonk"', "198.51.100.1"],
    ['proto=http; FOR = "[2001:db8:cafe::17]:4711" ;', "2001:db8:cafe:0"],
    ['for="\\1\\98.51.100.1"', "198.51.100.1"],
    ['for=203.0.113.9, for="[2001:db8::1]"', "2001:db8:0:0"],
    ['host="a, for=203.0.113.9;for=203.0.113.9";for=198.51.100.1', "198.51.100.1"],
    ['for=198.51.100.1;host="a\\", for=203.0.113.9"', "198.51.100.1"],
    ['for="evil, for="[2001:db8::1]:443"', "2001:db8:0:0"],
    ['for=203.0.113.9, for=198.51.100.1, for="10.1.9.9:80";by="[fd00::1]"', "198.51.100.1"],
  ])("is in Forwarded: %s", (value, expected) => {
    expect(networkOf(value, "forwarded")).toBe(expected);
  });

  it.each([
    "for=unknown",
    "for=_hidden",
    'for="_SEVKISEK"',
    "by=198.51.100.1",
    "for",
    "for=",
    "198.51.100.1",
    "for=198.51.100.1;for=203.0.113.9",
    "for=198.51.100.1, for=unknown",
    "for=198.51.100.1, for=unknown, for=10.1.9.9",
    "for=198.51.100.1,",
    'for="198.51.100.1',
    'for=198.51.100.1;host="a";for=203.0.113.9',
    '"'.repeat(10_001),
    "\\".repeat(10_000),
  ])("counts as its proxy when that wrote no address last in Forwarded: %j", (value) => {
    expect(networkOf(value, "forwarded")).toBe(PROXY);
  });

  it("is in the one header that was chosen", () => {
    const headers = { "x-forwarded-for": "198.51.100.1", forwarded: "for=198.51.100.2" };
    const socket = { remoteAddress: PROXY };
    expect(clientNetworkBehind(TRUSTED, "x-forwarded-for")({ headers, socket })).toBe("198.51.100.1");
    expect(clientNetworkBehind(TRUSTED, "forwarded")({ headers, socket })).toBe("198.51.100.2");
    expect(clientNetworkBehind(TRUSTED, "forwarded")({ headers: { "x-forwarded-for": "198.51.100.1" }, socket })).toBe(
      PROXY,
    );
  });
});

describe("the client of another connection", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3::4", "2001:db8:1:2"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["", "unknown"],
  ])("is who it comes from, whatever a header says: %s", (remoteAddress, expected) => {
    expect(networkOf("198.51.100.1", "x-forwarded-for", remoteAddress)).toBe(expected);
    expect(networkOf("for=198.51.100.1", "forwarded", remoteAddress)).toBe(expected);
    expect(networkOf(undefined, "forwarded", remoteAddress)).toBe(expected);
  });

  it("may be a trusted one whose address is mapped into IPv6", () => {
    expect(networkOf("198.51.100.1", "x-forwarded-for", `::ffff:${PROXY}`)).toBe("198.51.100.1");
  });
});
