import { isIPv4, isIPv6 } from "node:net";
import { ConfigurationError } from "../runtime/configuration-error.ts";

/**
 * Parses a comma-separated list of name servers, each an IPv4 address or an IPv6 address in brackets, with or without a
 * port.
 *
 * @throws ConfigurationError that names the first invalid one
 */
export function parseDnsServers(value: string): readonly string[] {
  const servers = value.split(",").map((part) => part.trim());
  const bad = servers.find((server) => !isDnsServer(server));
  if (bad !== undefined) throw new ConfigurationError(`${JSON.stringify(bad)} is not a server such as 127.0.0.1:5353`);
  return servers;
}

/** Whether the resolver accepts it. */
function isDnsServer(server: string): boolean {
  const [, v4, v6, port] = /^(?:([\d.]+)|\[([^\]]+)\])(?::(\d{1,5}))?$/.exec(server) ?? [];
  const isAddress = v4 === undefined ? isIPv6(v6 ?? "") : isIPv4(v4);
  return isAddress && (port === undefined || (Number(port) >= 1 && Number(port) <= 65_535));
}
