import { z } from "zod";

/** The number of a user or an endpoint. */
export const id = z.int().min(1);

/** A time in UTC with milliseconds. */
export const time = z.iso.datetime({ precision: 3 }).meta({ examples: ["2026-01-31T12:00:00.000Z"] });
