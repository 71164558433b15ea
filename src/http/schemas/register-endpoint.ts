import { z } from "zod";
import type { TargetRules, UrlVerdict } from "../../processes/sending/target-rules.ts";

import { lengthBetween, messagesOf, requiredText } from "./rules.ts";
import type { Messages, Parsed } from "./rules.ts";

/** Judges the text of a url that is not blank. Must not throw. */
export type JudgeUrl = TargetRules["judgeUrl"];

/** What a new endpoint is made from. */
export type NewEndpoint = z.output<typeof registerEndpointSchema>;

/** Half a surrogate pair cannot be written as UTF-8, nor signed or exported (RFC 8785 section 3.2.2.2). */
const wellFormed = (text: string): boolean => text.isWellFormed();

const nickname = requiredText("nickname")
  .refine(lengthBetween(6, 30), { error: "nickname must be between 6 and 30" })
  .refine(wellFormed, { error: "nickname must be well-formed Unicode" })
  .meta({
    description: "A name for people, 6 to 30 UTF-16 units, not only white space. Need not be unique.",
    minLength: 6,
    maxLength: 30,
    examples: ["orders in production"],
  });

const url = requiredText("url")
  .refine(wellFormed, { error: "url must be a valid URL" })
  .meta({
    description:
      "Where deliveries go: http or https, at most 2048 characters, a public address. Kept exactly as sent; unique per user as text.",
    maxLength: 2048,
    examples: ["https://example.com/hooks/orders"],
  });

/** The body of `POST /v1/endpoints`. The url's target is judged besides it, see `parseRegisterEndpoint`. */
export const registerEndpointSchema = z
  .strictObject({ nickname, url }, { error: "body must be a JSON object" })
  .meta({ description: "A new endpoint." });

const VERDICT_MESSAGES: Readonly<Record<Exclude<UrlVerdict, "ok">, string>> = {
  not_a_url: "url must be a valid URL",
  not_http: "url must be http or https",
  forbidden: "url must not point to a local address",
};

const NO_MESSAGES: Messages = { rules: [], unknown: [] };

/**
 * Reads the body of `POST /v1/endpoints`. `judgeUrl` is asked for every url that is a text and not blank. A blank, missing
 * or null nickname is told alone: of all messages of a body the contract then wants only that one.
 */
export function parseRegisterEndpoint(body: unknown, judgeUrl: JudgeUrl): Parsed<NewEndpoint> {
  const result = registerEndpointSchema.safeParse(body);
  const { rules, unknown } = result.success ? NO_MESSAGES : messagesOf(result.error, "field");
  const blank = rules.find((message) => message === "nickname must not be blank");
  if (blank !== undefined) return { ok: false, errors: [blank] };
  const errors = [...rules, ...targetMessages(body, judgeUrl), ...unknown];
  return result.success && errors.length === 0 ? { ok: true, value: result.data } : { ok: false, errors };
}

/** The message that the url's target earns, if the url passes the rules of a text at all. */
function targetMessages(body: unknown, judgeUrl: JudgeUrl): string[] {
  if (typeof body !== "object" || body === null || !("url" in body)) return [];
  const text = url.safeParse(body.url);
  if (!text.success) return [];
  const verdict = judgeUrl(text.data);
  return verdict === "ok" ? [] : [VERDICT_MESSAGES[verdict]];
}
