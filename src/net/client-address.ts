import { canonicalText, isWithin, parseAddress, parseCidr } from "./addresses.ts";

/** How many groups of an IPv6 address name the network. */
const NETWORK_GROUPS = 4;

/**
 * Decides whose X-Forwarded-For to trust, for fastify's option `trustProxy`: proxies in these ranges (CIDR notation).
 * Fastify's own parser refuses some ranges that DELIVERY_ALLOW_CIDRS accepts, such as 0.0.0.0/0.
 */
export function trustedProxies(ranges: readonly string[]): false | ((address: string) => boolean) {
  if (ranges.length === 0) return false;
  const trusted = ranges.map(parseCidr);
  return (text) => {
    const address = parseAddress(text);
    return address !== null && trusted.some((range) => isWithin(address, range));
  };
}

/** The origin of a request, in the form of fastify's requests. */
interface Origin {
  /** The client's address: the connection's, or the one from a trusted proxy. */
  readonly ip: string;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * The key by which a client is counted: its IPv4 address, or the /64 of its IPv6 address, because a client usually has
 * a whole /64. If the address from a trusted proxy is invalid, the connection's own counts.
 */
export function clientNetwork({ ip, socket }: Origin): string {
  const address = addressIn(ip) ?? addressIn(socket.remoteAddress);
  if (address === null) return "unknown";
  const text = canonicalText(address);
  return address.kind() === "ipv4" ? text : text.split(":").slice(0, NETWORK_GROUPS).join(":");
}

/** Ignores a zone (`fe80::1%eth0`), which is not part of a client's address. */
function addressIn(text = ""): ReturnType<typeof parseAddress> {
  return parseAddress(text.replace(/%.*$/s, ""));
}
