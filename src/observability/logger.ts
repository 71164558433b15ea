import pino from "pino";
import type { DestinationStream, LevelWithSilent, Logger } from "pino";
import { token } from "../runtime/token.ts";

/** The token under which the container registers the logger (pino). */
export const LOGGER = token<Logger>("Logger");

/** How many causes of an error are logged. */
const MAX_CAUSES = 5;

/** Fields that must not be logged. Names are compared without case, `_` and `-`. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  ...["headers", "rawheaders", "authorization", "cookie", "apikey", "xapikey", "masterkey", "password", "url"],
  ...["secret", "secrets", "seed", "payload", "body"],
]);
const CENSOR = "[redacted]";
/** How many levels of a line are kept; deeper ones are left out. */
const MAX_LEVELS = 5;

const SERIALIZERS = {
  err: (error: unknown) => errorFields(error),
  error: (error: unknown) => errorFields(error),
  // Under fastify's name. Our own lines have the request's id for anything more.
  req: (request: { method?: string }) => ({ method: request.method }),
  res: (response: { statusCode?: number }) => ({ statusCode: response.statusCode }),
};

/**
 * Creates the program's own log: JSON lines from this level on. For an error it logs type, code, message, stack
 * and causes, but nothing that a library attached, such as a request with all its headers.
 */
export function createLogger(level: LevelWithSilent, destination: DestinationStream): Logger {
  const options = {
    level,
    // Not pino's `redact`, which with names at two levels costs each line 10 µs, ten times as much as this.
    formatters: { log: (fields: Record<string, unknown>) => redactedFields(fields, MAX_LEVELS) },
    serializers: SERIALIZERS,
  };
  return pino(options, destination);
}

/** Returns the same object if there is nothing to hide, the usual case. */
function redactedFields(fields: Record<string, unknown>, levels: number): Record<string, unknown> {
  let copy: Record<string, unknown> | null = null;
  for (const name in fields) {
    const value = fields[name];
    // Serializers handle their own fields.
    const shown = isSecret(name) ? CENSOR : name in SERIALIZERS ? value : redacted(value, levels);
    if (shown !== value) (copy ??= { ...fields })[name] = shown;
  }
  return copy ?? fields;
}

function redacted(value: unknown, levels: number): unknown {
  if (value instanceof Error) return errorFields(value);
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return CENSOR;
  if (Array.isArray(value)) return value.map((one) => redacted(one, levels - 1));
  if (value instanceof Date) return value;
  const { constructor } = value;
  // A request, a socket or a map was not meant to be logged.
  if (typeof constructor === "function" && constructor !== Object) return `[${constructor.name}]`;
  return redactedFields(value as Record<string, unknown>, levels - 1);
}

const secretNames = new Map<string, boolean>();

/** Cached, because lines have the same few names; cleared if there are many after all. */
function isSecret(name: string): boolean {
  let known = secretNames.get(name);
  if (known === undefined) {
    if (secretNames.size > 1_000) secretNames.clear();
    known = SECRET_FIELDS.has(name.toLowerCase().replaceAll(/[_-]/g, ""));
    secretNames.set(name, known);
  }
  return known;
}

interface ErrorFields {
  readonly type: string;
  readonly code?: string | number;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorFields;
  readonly errors?: readonly ErrorFields[];
}

function errorFields(error: unknown, causes = MAX_CAUSES): ErrorFields {
  // Anything can be thrown, and its text could contain anything.
  if (!(error instanceof Error)) return { type: typeof error, message: "something other than an Error was thrown" };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && causes > 0 && { cause: errorFields(error.cause, causes - 1) }),
    ...(error instanceof AggregateError &&
      causes > 0 && { errors: error.errors.slice(0, MAX_CAUSES).map((one) => errorFields(one, causes - 1)) }),
  };
}
