/**
 * The addresses that no delivery may go to, from IANA's special-purpose registries (RFC 6890 and later additions). An
 * address that is not public unicast could lead into the operator's own network.
 */

/** The refused IPv4 ranges, with the use of each. */
export const REFUSED_IPV4_RANGES: readonly string[] = [
  "0.0.0.0/8", // "this network"; connecting to 0.0.0.0 reaches the host itself
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by carriers behind NAT
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local, where clouds keep their metadata service
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.31.196.0/24", // AS112
  "192.52.193.0/24", // automatic multicast tunnelling
  "192.88.99.0/24", // 6to4 relays, deprecated
  "192.168.0.0/16", // private
  "192.175.48.0/24", // AS112
  "198.18.0.0/15", // benchmarking
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and the broadcast address
  "168.63.129.16/32", // a cloud's control address, though it lies in public space
];

/** The only global unicast part of IPv6, and therefore the only part allowed. */
export const GLOBAL_IPV6_RANGE = "2000::/3";

/** The refused IPv6 ranges inside GLOBAL_IPV6_RANGE. */
export const REFUSED_IPV6_RANGES: readonly string[] = [
  "2001::/23", // protocol assignments, Teredo among them
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: carries any IPv4 address, private ones too
  "2620:4f:8000::/48", // AS112
  "3fff::/20", // documentation
];
