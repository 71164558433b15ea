/** An error of Node's HTTP parser; all but its message may be missing. */
export interface ParserError extends Error {
  readonly code?: string;
  /** In words, from the parser itself. */
  readonly reason?: string;
  /** What had arrived, and how far into that the parser came, in bytes. */
  readonly rawPacket?: unknown;
  readonly bytesParsed?: number;
}

/** A request line (RFC 9112 section 3) whose method is any token (RFC 9110 section 5.6.2). */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~\w-]+ \S+ HTTP\/1\.[01]\r?$/;
/** The beginning of one, when no more has arrived. */
const BEGUN_LINE = /^[!#$%&'*+.^_`|~\w-]+(?: \S*(?: \S*)?)?$/;
const TOKEN_CHARACTER = /[!#$%&'*+.^_`|~\w-]/;

/** Whether all that is wrong with a request line is that Node does not know its method, so that 501 is due and not 400. */
export function isUnknownMethod({ code, reason = "", rawPacket, bytesParsed = 0 }: ParserError): boolean {
  // A method that the parser knows from other protocols, such as RTSP.
  if (code === "HPE_INVALID_CONSTANT") return reason.startsWith("Invalid method for HTTP");
  if (code !== "HPE_INVALID_METHOD" || !Buffer.isBuffer(rawPacket)) return false;
  const text = rawPacket.toString("latin1");
  // The parser stops somewhere in the method; other requests, or a body, may stand before that.
  let start = bytesParsed;
  while (TOKEN_CHARACTER.test(text[start - 1] ?? "")) start -= 1;
  const end = text.indexOf("\n", start);
  return end === -1 ? BEGUN_LINE.test(text.slice(start)) : REQUEST_LINE.test(text.slice(start, end));
}
