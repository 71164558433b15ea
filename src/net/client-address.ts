import { canonicalText, isWithin, parseAddress, parseCidr } from "./addresses.ts";
import type { Address } from "./addresses.ts";
import { forwardedFor, withoutZone } from "./forwarded.ts";
import type { ClientAddressHeader } from "./forwarded.ts";

/** How many groups of an IPv6 address name the network. */
const NETWORK_GROUPS = 4;

/** The origin of a request, in the form of fastify's requests. */
export interface Origin {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** The key by which the client of a request is counted. */
export type ClientNetwork = (origin: Origin) => string;

/**
 * Counts clients by their address: an IPv4 address, or the /64 of an IPv6 address, because a client usually has a whole
 * /64. The address is the connection's. If that is a trusted proxy's, it is the last one in the header that is not a
 * trusted proxy's, or the first one of all. What has no address there is as good as nothing: the connection's own
 * counts, since anyone may have written what stands before it.
 *
 * @param trustedProxies ranges in CIDR notation
 */
export function clientNetworkBehind(trustedProxies: readonly string[], header: ClientAddressHeader): ClientNetwork {
  const ranges = trustedProxies.map(parseCidr);
  const isTrusted = (address: Address): boolean => ranges.some((range) => isWithin(address, range));
  return ({ headers, socket }) => {
    const own = parseAddress(withoutZone(socket.remoteAddress ?? ""));
    if (own === null) return "unknown";
    return networkOf(
      isTrusted(own) ? clientOf(own, forwardedFor(header, String(headers[header] ?? "")), isTrusted) : own,
    );
  };
}

/** @param named from the last to the first */
function clientOf(proxy: Address, named: Iterable<Address | null>, isTrusted: (address: Address) => boolean): Address {
  let client = proxy;
  for (const address of named) {
    if (address === null) return proxy;
    client = address;
    if (!isTrusted(address)) break;
  }
  return client;
}

function networkOf(address: Address): string {
  const text = canonicalText(address);
  return address.kind() === "ipv4" ? text : text.split(":").slice(0, NETWORK_GROUPS).join(":");
}
