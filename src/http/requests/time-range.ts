import { z } from "zod";
import { isTime, utcOf } from "../../runtime/utc-time.ts";

/** A time in UTC or with an offset, whose year in UTC has four digits: only such times sort as text. */
export function timeParameter(name: string): z.ZodISODateTime {
  const error = `${name} must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z`;
  return z.iso.datetime({ offset: true, error }).refine(isTime, { error });
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
  const [from, to] = [given.from, given.to].map((time) => (time === undefined ? null : utcOf(time)));
  if (from == null || to == null) return { from: from ?? null, to: to ?? null };
  return from > to ? null : { from, to };
}

/** The message when a range ends before it begins. */
export const RANGE_MESSAGE = "from must not be after to";
