import { z } from "zod";

const FIRST_TIME = Date.parse("0000-01-01T00:00:00.000Z");
const LAST_TIME = Date.parse("9999-12-31T23:59:59.999Z");
/** A fraction of a second that is finer than milliseconds. */
const FINER_THAN_MS = /\.\d{3}\d*[1-9]/;
/** The digits of a fraction behind its milliseconds. Of ten or more, `Date.parse` forgets the zeros that they begin with. */
const BEHIND_MS = /(?<=\.\d{3})\d+/;

const isoTime = z.iso.datetime({ offset: true });

/**
 * The milliseconds since the Unix epoch of an ISO 8601 time in UTC or with an offset, rounded down; null for another text.
 */
export function millisecondsOf(text: string): number | null {
  const milliseconds = isoTime.safeParse(text).success ? roundedDown(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** True for an ISO 8601 time in UTC or with an offset, whose year in UTC has four digits: only such times sort as text. */
export function isTime(text: string): boolean {
  const milliseconds = millisecondsOf(text);
  return milliseconds !== null && milliseconds >= FIRST_TIME && milliseconds <= LAST_TIME;
}

/**
 * A time for which `isTime` is true, as ISO 8601 UTC with milliseconds. It is rounded up, so that what happened in the
 * millisecond before is before this time, as the one who wrote it means it.
 */
export function utcOf(time: string): string {
  const milliseconds = roundedDown(time) + (FINER_THAN_MS.test(time) ? 1 : 0);
  return new Date(Math.min(milliseconds, LAST_TIME)).toISOString();
}

function roundedDown(time: string): number {
  return Date.parse(time.replace(BEHIND_MS, ""));
}
