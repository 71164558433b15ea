import { z } from "zod";

const FIRST_TIME = Date.parse("0000-01-01T00:00:00.000Z");
const LAST_TIME = Date.parse("9999-12-31T23:59:59.999Z");
/** A fraction of a second that is finer than the milliseconds of the times that we keep. */
const FINER_THAN_MS = /\.\d{3}\d*[1-9]/;

/** A time in UTC or with an offset, whose year in UTC has four digits: only such times sort as text. */
export function timeParameter(name: string): z.ZodISODateTime {
  const error = `${name} must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z`;
  return z.iso
    .datetime({ offset: true, error })
    .refine((text) => Date.parse(text) >= FIRST_TIME && Date.parse(text) <= LAST_TIME, { error });
}

/** What a query asks for by time: `from` is inclusive, `to` exclusive. ISO 8601 UTC with milliseconds; null is no bound. */
export interface TimeRange {
  readonly from: string | null;
  readonly to: string | null;
}

/** The range of two such parameters, or null when it ends before it begins. */
export function timeRangeOf(given: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): TimeRange | null {
  const [from, to] = [utc(given.from), utc(given.to)];
  return from !== null && to !== null && from > to ? null : { from, to };
}

/** The message when a range ends before it begins. */
export const RANGE_MESSAGE = "from must not be after to";

/** Rounded up, so that what was created in the millisecond before is before this time, as the client means it. */
function utc(time: string | undefined): string | null {
  if (time === undefined) return null;
  const milliseconds = Date.parse(time) + (FINER_THAN_MS.test(time) ? 1 : 0);
  return new Date(Math.min(milliseconds, LAST_TIME)).toISOString();
}
