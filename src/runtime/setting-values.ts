import { z } from "zod";

/** A whole number from `min` to `max`, or with `fraction` any number in that range. */
export function number(min: number, max: number, fraction = false): z.ZodType<number, string> {
  const error = `must be ${fraction ? "a number" : "a whole number"} from ${min} to ${max}`;
  return z
    .string()
    .regex(fraction ? /^\d+(\.\d+)?$/ : /^\d+$/, { error })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
}

/** Seconds from `min` to `max`, also parts of them, in milliseconds. */
export function seconds(min: number, max: number): z.ZodType<number, string> {
  return number(min, max, true).transform((value) => value * 1_000);
}

/** A text of this pattern, which `what` says in words. */
export function text(pattern: RegExp, what: string): z.ZodType<string, string> {
  return z.string().regex(pattern, { error: `must be ${what}` });
}

/** Null when it is not set. */
export function optional(schema: z.ZodType<string, string>): z.ZodType<string | null, string | null | undefined> {
  return schema.nullable().default(null);
}

/** What `parse` reads from the text; the message of its error is the reason. */
export function parsed<T>(parse: (value: string) => T): z.ZodType<T, string> {
  return z.string().transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

/** One of these words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` });
}

/**
 * A list of 1 to `most` whole numbers of seconds, each from `min` to `max`, in milliseconds: `60,120`, the same as JSON, or one of
 * the lists that have a name.
 */
export function secondsList(
  limits: { readonly min: number; readonly max: number; readonly most: number },
  named: Readonly<Record<string, readonly number[]>>,
): z.ZodType<readonly number[], string> {
  const { min, max, most } = limits;
  const names = Object.keys(named).join(" or ");
  const error = `must be 1 to ${most} whole numbers of seconds from ${min} to ${max}, or ${names}`;
  const list = z.array(z.int().min(min).max(max)).min(1).max(most);
  return z.string().transform((value, context) => {
    const { data } = list.safeParse(Object.hasOwn(named, value) ? named[value] : listIn(value));
    if (data !== undefined) return data.map((waitSeconds) => waitSeconds * 1_000);
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
}

/** What a text lists, as JSON or between commas; null when it is neither. */
function listIn(value: string): unknown {
  try {
    return JSON.parse(/^\s*\d/.test(value) ? `[${value}]` : value);
  } catch {
    return null;
  }
}
