import { z } from "zod";

const FIRST_TIME = Date.parse("0000-01-01T00:00:00.000Z");
const LAST_TIME = Date.parse("9999-12-31T23:59:59.999Z");
/** A fraction of a second that is finer than milliseconds. */
const FINER_THAN_MS = /\.\d{3}\d*[1-9]/;

const isoTime = z.iso.datetime({ offset: true });

/** True for an ISO 8601 time in UTC or with an offset, whose year in UTC has four digits: only such times sort as text. */
export function isTime(text: string): boolean {
  if (!isoTime.safeParse(text).success) return false;
  const milliseconds = Date.parse(text);
  return milliseconds >= FIRST_TIME && milliseconds <= LAST_TIME;
}

/**
 * A time for which `isTime` is true, as ISO 8601 UTC with milliseconds. It is rounded up, so that what happened in the
 * millisecond before is before this time, as the one who wrote it means it.
 */
export function utcOf(time: string): string {
  const milliseconds = Date.parse(time) + (FINER_THAN_MS.test(time) ? 1 : 0);
  return new Date(Math.min(milliseconds, LAST_TIME)).toISOString();
}
