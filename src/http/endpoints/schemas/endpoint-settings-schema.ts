import type { z } from "zod";
import { bodySettings } from "../../../events/chosen-settings.ts";
import { MAX_URL_CHARACTERS } from "../../../processes/sending/targets/target-rules.ts";
import type { TargetRules, UrlVerdict } from "../../../processes/sending/targets/target-rules.ts";

import { lengthBetween, messagesOf, requiredText } from "../../requests/schema-rules.ts";
import type { Parsed } from "../../requests/schema-rules.ts";

/** Judges the text of a url that is not blank. Must not throw. */
export type JudgeUrl = TargetRules["judgeUrl"];

/** How many characters (UTF-16 units) a nickname has. */
export const NICKNAME_LIMITS = { min: 6, max: 30 } as const;
/** The error for a url that must not be a target. */
export const VERDICT_MESSAGES: Readonly<Record<Exclude<UrlVerdict, "ok">, string>> = {
  not_a_url: "url must be a valid URL",
  not_http: "url must be http or https",
  forbidden: "url must not point to a local address",
};

/** Half a surrogate pair cannot be written as UTF-8, nor signed or exported (RFC 8785 section 3.2.2.2). */
const wellFormed = (text: string): boolean => text.isWellFormed();

/** Many a store and a terminal ends a text at its NUL. */
const hasNoNul = (text: string): boolean => !text.includes("\0");

const nickname = requiredText("nickname")
  .refine(lengthBetween(NICKNAME_LIMITS.min, NICKNAME_LIMITS.max), {
    error: `nickname must be between ${NICKNAME_LIMITS.min} and ${NICKNAME_LIMITS.max}`,
  })
  .refine((text) => wellFormed(text) && hasNoNul(text), { error: "nickname must be well-formed Unicode" })
  .meta({
    description: `A name for people, ${NICKNAME_LIMITS.min} to ${NICKNAME_LIMITS.max} characters (UTF-16 units), not only white space. Need not be unique.`,
    minLength: NICKNAME_LIMITS.min,
    maxLength: NICKNAME_LIMITS.max,
    examples: ["orders in production"],
  });

function url(judgeUrl: JudgeUrl): z.ZodString {
  return requiredText("url")
    .refine(wellFormed, { error: VERDICT_MESSAGES.not_a_url, abort: true })
    .check((context) => {
      const verdict = judgeUrl(context.value);
      if (verdict === "ok") return;
      context.issues.push({ code: "custom", message: VERDICT_MESSAGES[verdict], input: context.value });
    })
    .meta({
      description:
        `Where deliveries go: http or https, at most ${MAX_URL_CHARACTERS} characters, a public address. ` +
        "Kept exactly as sent; unique per user as text.",
      maxLength: MAX_URL_CHARACTERS,
      examples: ["https://example.com/hooks/orders"],
    });
}

/** The settings that the owner of an endpoint chooses, in the order in which their errors are reported. */
export function endpointFields(judgeUrl: JudgeUrl) {
  return {
    nickname,
    url: url(judgeUrl),
    ...bodySettings,
  };
}

/**
 * Reads a body by a schema of those fields. A blank or null nickname gives only its own message, whatever else is
 * wrong (docs/reference/http-api.md).
 */
export function parseEndpointBody<S extends z.ZodObject>(schema: S, body: unknown): Parsed<z.output<S>> {
  const result = schema.safeParse(body);
  if (result.success) return { ok: true, value: result.data };
  const { rules, unknown } = messagesOf(result.error, "field");
  const blank = rules.find((message) => message === "nickname must not be blank");
  return { ok: false, errors: blank === undefined ? [...rules, ...unknown] : [blank] };
}
