/**
 * What a request target may not hold as it is: a `%` that begins no escape, and all but the characters of a path and a
 * query (RFC 3986 sections 3.3 and 3.4). The URL parser lets several of them through, and some servers refuse them.
 */
const INVALID = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/gu;

/** A path or a query with every character percent-encoded that may not be there. A valid one stays as it is. */
export function percentEncoded(part: string): string {
  return part.toWellFormed().replace(INVALID, (character) => encodeURIComponent(character));
}

/**
 * The target of a request to a URL: its path and query, in the form that goes on the wire (RFC 9112 section 3.2.1).
 *
 * @param url the parsed URL, without a fragment
 * @param text the same URL as its owner wrote it
 */
export function requestTarget(url: URL, text: string): string {
  // The parser escapes `'` in a query, though it is valid there.
  const at = text.indexOf("?");
  const query = at === -1 ? "" : text.slice(at);
  return percentEncoded(url.pathname) + percentEncoded(query);
}
