import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A range of addresses: the network, and the length of its prefix in bits. */
export type Cidr = readonly [Address, number];

/** An IPv4 address has 32 bits; mapped into IPv6, it follows 96 fixed ones. */
const MAPPED_PREFIX_BITS = 96;

/**
 * Parses an address, a v4-mapped one (`::ffff:…`) as IPv4; null for any other text. It is strict where ipaddr.js is
 * lenient (`127.1`, `0177.0.0.1`), because two readers of a lenient form may disagree. A zone (`fe80::1%eth0`) is
 * refused too.
 */
export function parseAddress(text: string): Address | null {
  if (isIP(text) === 0 || text.includes("%")) return null;
  return ipaddr.process(text);
}

/** The one spelling of an address, for comparing addresses as text. */
export function canonicalText(address: Address): string {
  return address.toNormalizedString();
}

/** Whether the address is in the range. An IPv4 address is in no IPv6 range, or the other way round. */
export function isWithin(address: Address, range: Cidr): boolean {
  return address.kind() === range[0].kind() && address.match(range[0], range[1]);
}

/**
 * Parses a range in CIDR notation, one of v4-mapped addresses as IPv4. Bits after the prefix are ignored, as usual.
 * Throws an Error that names the text if it is not CIDR notation.
 */
export function parseCidr(text: string): Cidr {
  const [, network = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = Number(prefix);
  const family = isIP(network);
  if (family === 0 || network.includes("%") || bits > (family === 4 ? 32 : 128)) {
    throw new Error(`"${text}" is not an address range such as 127.0.0.2/32 or fd00::/8`);
  }
  const address = ipaddr.parse(network);
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= MAPPED_PREFIX_BITS) {
    return [address.toIPv4Address(), bits - MAPPED_PREFIX_BITS];
  }
  return [address, bits];
}

/**
 * Parses the ranges of DELIVERY_ALLOW_CIDRS: CIDR notation, separated by commas; blank means none. Throws an Error
 * whose message is one sentence that names the invalid part.
 */
export function parseCidrs(text: string): string[] {
  if (text.trim() === "") return [];
  const parts = text.split(",").map((part) => part.trim());
  for (const part of parts) parseCidr(part);
  return parts;
}
