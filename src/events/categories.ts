/**
 * The categories of streams that the gateway writes. A stream is named `<category>-<id>`; those of usernames, e-mail addresses
 * and endpoint URLs hold reservations. A name never changes, since it stands in logs.
 */
export const CATEGORIES = [
  "user",
  "endpoint",
  "delivery",
  "username",
  "email",
  "endpointUrl",
  "sequence",
  "tick",
  "log",
  "access",
  "projection",
  "pause",
] as const;

export type Category = (typeof CATEGORIES)[number];
