/** The longest wait that a receiver may ask for, in ms. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three date forms that a recipient must accept (RFC 9110, section 5.6.7). */
const HTTP_DATES = [
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d\\d) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${TIME} GMT$`),
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d\\d)-(?<month>[A-Z][a-z]{2})-(?<year>\\d\\d) ${TIME} GMT$`),
  new RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`),
];

/** Whether a `Retry-After` with this status delays the next attempt (docs/reference/receivers.md). */
export function honoursRetryAfter(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

/**
 * The wait that a `Retry-After` header asks for, counted from `nowMs` (milliseconds since the Unix epoch), in ms from 0
 * to 24 hours. Null without a header, or when it is neither whole seconds nor an HTTP date. A past date gives 0.
 */
export function askedWaitMs(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? "";
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : httpDate(text, nowMs) - nowMs;
  return Number.isNaN(wait) ? null : Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS);
}

/** Milliseconds since the Unix epoch, or NaN. Stricter than Date.parse, which takes almost anything. */
function httpDate(text: string, nowMs: number): number {
  const fields = HTTP_DATES.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (fields === undefined) return Number.NaN;
  const month = MONTHS.indexOf(fields["month"] ?? "");
  const [day, hour, minute, second] = ["day", "hour", "minute", "second"].map((field) => Number(fields[field]));
  const date = new Date(Date.UTC(fullYear(fields["year"] ?? "", nowMs), month, day, hour, minute));
  // Date.UTC carries over (30 February becomes 2 March), so a date that comes out changed is invalid.
  const isReal =
    month === date.getUTCMonth() &&
    day === date.getUTCDate() &&
    hour === date.getUTCHours() &&
    minute === date.getUTCMinutes();
  // A second 60 is a leap second, which HTTP allows.
  return isReal && second !== undefined && second <= 60 ? date.getTime() + second * 1000 : Number.NaN;
}

/** Two digits mean the year that is not more than 50 years ahead (RFC 9110, section 5.6.7). */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits);
  const latest = new Date(nowMs).getUTCFullYear() + 50;
  return latest - ((latest - Number(digits)) % 100);
}
