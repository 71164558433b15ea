import { canonicalText, isWithin, parseAddress, parseCidr } from "./addresses.ts";

/** The groups of an IPv6 address that name the network. */
const NETWORK_GROUPS = 4;

/**
 * Whose X-Forwarded-For is believed, for fastify's option `trustProxy`: proxies in these ranges (CIDR notation). Its own
 * reading of a range refuses some that DELIVERY_ALLOW_CIDRS takes, 0.0.0.0/0 for one.
 */
export function trustedProxies(ranges: readonly string[]): false | ((address: string) => boolean) {
  if (ranges.length === 0) return false;
  const trusted = ranges.map(parseCidr);
  return (text) => {
    const address = parseAddress(text);
    return address !== null && trusted.some((range) => isWithin(address, range));
  };
}

/** Where a request came from: what fastify's requests say of it. */
interface Origin {
  /** The client's address: the connection's, or what a trusted proxy says. */
  readonly ip: string;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, since a client that has one of those has all of
 * it. What a trusted proxy said counts when it is an address, else the connection's own.
 */
export function clientNetwork({ ip, socket }: Origin): string {
  const address = addressIn(ip) ?? addressIn(socket.remoteAddress);
  if (address === null) return "unknown";
  const text = canonicalText(address);
  return address.kind() === "ipv4" ? text : text.split(":").slice(0, NETWORK_GROUPS).join(":");
}

/** A zone (`fe80::1%eth0`) is not part of a client's address. */
function addressIn(text = ""): ReturnType<typeof parseAddress> {
  return parseAddress(text.replace(/%.*$/s, ""));
}
