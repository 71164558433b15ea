import { parseAddress } from "./addresses.ts";
import type { Address } from "./addresses.ts";

/** The header in which a proxy names its client. */
export const CLIENT_ADDRESS_HEADERS = ["x-forwarded-for", "forwarded"] as const;
export type ClientAddressHeader = (typeof CLIENT_ADDRESS_HEADERS)[number];

/** An IPv6 address in brackets or an IPv4 address, then perhaps a port, also an obfuscated one (RFC 7239 section 6). */
const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/;

/**
 * Who a header names, from the last to the first; null for what has no address, such as `unknown`. It is read from its
 * end, because each proxy appends to what it got: nothing that a client puts before it changes how its proxy is read.
 *
 * @param value of X-Forwarded-For, or of Forwarded (RFC 7239)
 */
export function* forwardedFor(header: ClientAddressHeader, value: string): Generator<Address | null> {
  if (value.trim() === "") return;
  if (header === "forwarded") {
    for (const element of partsFromEnd(value, ",", true)) yield forwardedNode(element);
    return;
  }
  // Quotes are not a part of this header's form, so a comma always separates: a client might send a single quote.
  for (const node of partsFromEnd(value, ",", false)) yield addressOfNode(node);
}

/** The address in an element of Forwarded: that of its one parameter `for`. */
function forwardedNode(element: string): Address | null {
  const nodes: string[] = [];
  for (const pair of partsFromEnd(element, ";", true)) {
    const [, name = "", value = ""] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (name.trim().toLowerCase() === "for") nodes.push(value);
  }
  return nodes.length === 1 ? addressOfNode(nodes[0] ?? "") : null;
}

/** The address that a proxy wrote, perhaps in quotes, with a port or among blanks; null when it is none. */
export function addressOfNode(text: string): Address | null {
  const node = unquoted(text.trim()).trim();
  const [, inBrackets, ipv4] = WITH_PORT.exec(node) ?? [];
  return parseAddress(withoutZone(inBrackets ?? ipv4 ?? node));
}

/** Without the zone (`fe80::1%eth0`), which is not part of a client's address. */
export function withoutZone(address: string): string {
  return address.replace(/%.*$/s, "");
}

/** The parts between these separators, from the last to the first. With `quotes`, one inside of quotes separates nothing. */
function* partsFromEnd(text: string, separator: string, quotes: boolean): Generator<string> {
  let end = text.length;
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    if (quotes && text[at] === '"' && !isEscaped(text, at)) isQuoted = !isQuoted;
    if (text[at] !== separator || isQuoted) continue;
    yield text.slice(at + 1, end);
    end = at;
  }
  yield text.slice(0, end);
}

/** Whether an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before -= 1;
  return (at - before) % 2 === 1;
}

/** The content of a quoted string (RFC 9110 section 5.6.4); any other text as it is. */
function unquoted(text: string): string {
  const [, content] = /^"(.*)"$/s.exec(text) ?? [];
  return content === undefined ? text : content.replace(/\\(.)/gs, "$1");
}
