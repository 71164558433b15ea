import type { Address } from "../../../net/addresses.ts";
import { canonicalText, isWithin, parseAddress, parseCidr } from "../../../net/addresses.ts";
import { createOwnAddresses } from "../../../net/own-addresses.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { GLOBAL_IPV6_RANGE, REFUSED_IPV4_RANGES, REFUSED_IPV6_RANGES } from "./address-ranges.ts";
import { token } from "../../../runtime/token.ts";

/** The token under which the container registers the target rules. */
export const TARGET_RULES = token<TargetRules>("TargetRules");

/**
 * The verdict on a URL: `not_a_url` (`url must be a valid URL`), `not_http` (`url must be http or https`), `forbidden`
 * (`url must not point to a local address`).
 */
export type UrlVerdict = "ok" | "not_a_url" | "not_http" | "forbidden";

/** The rules of docs/reference/targets.md for where a delivery may go. */
export interface TargetRules {
  /** Judges a URL by its text only; the addresses of its name are judged when it is dialled. Never throws. */
  judgeUrl(url: string): UrlVerdict;
  /** Whether a connection to this IPv4 or IPv6 address (no brackets) is allowed. Any other text is refused. */
  judgeAddress(ip: string): boolean;
}

/** The longest URL of a target. */
export const MAX_URL_CHARACTERS = 2048;
/** Counted in the DNS form of the name, so an international name in its `xn--` form. */
const MAX_NAME_CHARACTERS = 253;
const MAX_LABEL_CHARACTERS = 63;

/** Characters that `new URL()` silently removes, escapes or treats as slashes. */
const BAD_CHARACTERS = /[\p{Cc}\s\\]/u;
/** Captures the authority. `new URL()` also accepts `http:host` and `http:///host`, which programs read differently. */
const HTTP_URL = /^https?:\/\/([^/?]*)/i;

/** Ports above 1023 of other protocols, where a POST could be taken for commands (the Fetch standard's list). */
const FORBIDDEN_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Names that are used only in private networks, or that no public resolver answers. */
const FORBIDDEN_SUFFIXES = [
  ...["localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "arpa"],
  ...["onion", "invalid", "svc", "cluster.local"],
];

/**
 * The rules, with the ranges that the operator opened (DELIVERY_ALLOW_CIDRS): addresses in those count as public.
 * `ownAddresses` returns this host's addresses in canonical text. Throws an Error for an invalid range.
 */
export function createTargetRules(
  allowCidrs: readonly string[],
  ownAddresses: () => ReadonlySet<string> = createOwnAddresses(systemClock),
): TargetRules {
  const allowed = allowCidrs.map(parseCidr);
  const refusedIpv4 = REFUSED_IPV4_RANGES.map(parseCidr);
  const refusedIpv6 = REFUSED_IPV6_RANGES.map(parseCidr);
  const globalIpv6 = parseCidr(GLOBAL_IPV6_RANGE);

  function isPublic(address: Address): boolean {
    if (allowed.some((range) => isWithin(address, range))) return true;
    const refused = address.kind() === "ipv4" ? refusedIpv4 : refusedIpv6;
    if (address.kind() === "ipv6" && !isWithin(address, globalIpv6)) return false;
    if (refused.some((range) => isWithin(address, range))) return false;
    return !ownAddresses().has(canonicalText(address));
  }

  function judgeAddress(ip: string): boolean {
    const address = parseAddress(ip);
    return address !== null && isPublic(address);
  }

  function judgeUrl(text: string): UrlVerdict {
    const url = URL.parse(text);
    if (url === null) return "not_a_url";
    if (url.protocol !== "http:" && url.protocol !== "https:") return "not_http";
    if (!isWellFormed(text) || !isAllowedPort(url.port)) return "not_a_url";
    // The host is normalised here: every spelling of an IPv4 address is dotted decimal, and names are lower case.
    const host = url.hostname;
    const address = parseAddress(host.startsWith("[") ? host.slice(1, -1) : host);
    if (address !== null) return isPublic(address) ? "ok" : "forbidden";
    return judgeName(host);
  }

  return { judgeUrl, judgeAddress };
}

/** Checks what `new URL()` tolerates. `@` and `#` mean user info and a fragment, even empty ones. */
function isWellFormed(text: string): boolean {
  if (text.length > MAX_URL_CHARACTERS || BAD_CHARACTERS.test(text) || text.includes("#")) return false;
  const authority = HTTP_URL.exec(text)?.[1];
  return authority !== undefined && authority !== "" && !authority.includes("@");
}

/** `port` is empty for the scheme's default. */
function isAllowedPort(port: string): boolean {
  if (port === "" || port === "80" || port === "443") return true;
  const number = Number(port);
  return number >= 1024 && !FORBIDDEN_PORTS.has(number);
}

/** Names with a numeric last label never get here: `new URL()` reads them as IPv4 addresses or refuses them. */
function judgeName(host: string): UrlVerdict {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  if (!name.includes(".") || FORBIDDEN_SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`))) return "forbidden";
  if (name !== host || name.length > MAX_NAME_CHARACTERS) return "not_a_url";
  const labelsFit = name.split(".").every((label) => label !== "" && label.length <= MAX_LABEL_CHARACTERS);
  return labelsFit ? "ok" : "not_a_url";
}
