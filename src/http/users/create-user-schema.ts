import { z } from "zod";

import { isEmailAddress } from "./email.ts";
import { lengthBetween, messagesOf, requiredText } from "../requests/schema-rules.ts";
import type { Parsed } from "../requests/schema-rules.ts";

export { emailKey } from "../../events/email-key.ts";

/** What a new user is made from. */
export interface NewUser {
  readonly username: string;
  readonly email: string | null;
}

/** How long a username is. */
export const USERNAME_LIMITS = { min: 5, max: 16 } as const;

/** The ASCII ones alone, as the first clients know it. Any other breaks only the rule of letters. */
const WHITE_SPACE = /[ \t\n\v\f\r]/;

const username = requiredText("username")
  .refine((text) => !WHITE_SPACE.test(text), { error: "username must not contain spaces" })
  .refine(lengthBetween(USERNAME_LIMITS.min, USERNAME_LIMITS.max), {
    error: `username must be between ${USERNAME_LIMITS.min} and ${USERNAME_LIMITS.max} characters`,
  })
  .regex(/^[A-Za-z0-9_]+$/, { error: "username must only contain letters, numbers and underscores" })
  .meta({
    description: "Case-sensitive and unique.",
    minLength: USERNAME_LIMITS.min,
    maxLength: USERNAME_LIMITS.max,
    examples: ["ada_lovelace"],
  });

const email = z
  .string({ error: "email must be a string" })
  .refine(isEmailAddress, { error: "email must be a valid email address" })
  .nullish()
  .meta({
    description:
      "Where notices go. Unique when given: the local part exactly, the domain in any spelling. Null is absent.",
    format: "email",
    examples: ["ada@example.com"],
  });

/** The body of `POST /v1/users`. It both validates and describes; docs/reference/http-api.md has its messages. */
export const createUserSchema = z
  .strictObject({ username, email }, { error: "body must be a JSON object" })
  .meta({ description: "A new user." });

/**
 * Reads the body of `POST /v1/users`. A blank, missing or null username gives only its own message, whatever else is
 * wrong (docs/reference/http-api.md).
 */
export function parseCreateUser(body: unknown): Parsed<NewUser> {
  const result = createUserSchema.safeParse(body);
  if (result.success) return { ok: true, value: { username: result.data.username, email: result.data.email ?? null } };
  const { rules, unknown } = messagesOf(result.error, "field");
  const blank = rules.find((message) => message === "username must not be blank");
  return { ok: false, errors: blank === undefined ? [...rules, ...unknown] : [blank] };
}
