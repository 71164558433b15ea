import { z } from "zod";
import { parseCidrs } from "./net/addresses.ts";
import { parseDnsServers } from "./net/dns-servers.ts";
import { ConfigurationError } from "./runtime/configuration-error.ts";

/** The largest MAX_PAYLOAD_BYTES: as JSON text in an event it may double, and must fit into MAX_APPEND_BYTES with the rest. */
const LARGEST_PAYLOAD = 480 * 1024;
/** The value that disables no endpoint in practice: ten years. */
const LONGEST_FAILURE_SECONDS = 315_360_000;
const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** A whole number from `min` to `max`, or with `fraction` any number in that range. */
function number(min: number, max: number, fraction = false): z.ZodType<number> {
  const kind = fraction ? "a number" : "a whole number";
  return z
    .string()
    .regex(fraction ? /^\d+(\.\d+)?$/ : /^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .catch(() => {
      throw new ConfigurationError(`must be ${kind} from ${min} to ${max}`);
    });
}

function text(pattern: RegExp, what: string): z.ZodType<string> {
  return z
    .string()
    .regex(pattern)
    .catch(() => {
      throw new ConfigurationError(`must be ${what}`);
    });
}

const uuid = text(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, "a UUID");

interface Setting {
  readonly schema: z.ZodType;
  readonly example: string;
  /** Its value is never repeated in a message. */
  readonly secret?: boolean;
  /** An empty value is an error: whoever writes one means something else than the default. */
  readonly neverEmpty?: boolean;
}

/** Every variable of the table in README.md: what it may be, and an example for whoever got it wrong. */
const SETTINGS = {
  HOST: { schema: text(/^\S+$/, "an address or a host name"), example: "127.0.0.1" },
  PORT: { schema: number(0, 65_535), example: "8080" },
  DATA_DIR: { schema: text(/\S/, "a folder"), example: "./data" },
  EVENTSTORE_URL: {
    schema: text(/^esdb(\+discover)?:\/\/\S+$/, "an esdb:// address"),
    example: "esdb://127.0.0.1:2113",
    secret: true,
  },
  EVENTSTORE_STREAM_PREFIX: {
    schema: text(/^[A-Za-z0-9_.]{1,64}$/, "1 to 64 letters, digits, _ and ."),
    example: "webhook_gateway.",
    neverEmpty: true,
  },
  MONGODB_URL: {
    schema: text(/^mongodb(\+srv)?:\/\/\S+$/, "a mongodb:// address"),
    example: "mongodb://127.0.0.1:27017",
    secret: true,
  },
  OPERATOR_API_KEY: { schema: uuid, example: "$(uuidgen)", secret: true },
  AUDITOR_API_KEY: { schema: uuid, example: "$(uuidgen)", secret: true },
  MASTER_KEY: {
    schema: text(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base64"),
    example: "$(openssl rand -base64 32)",
    secret: true,
  },
  DELIVERY_ALLOW_CIDRS: {
    schema: z.string().transform((value) => parseCidrs(value)),
    example: "127.0.0.2/32,10.1.0.0/16",
  },
  DNS_SERVERS: { schema: z.string().transform(parseDnsServers), example: "127.0.0.1:5353" },
  DELIVERY_TIMEOUT_MS: { schema: number(1, 600_000), example: "15000" },
  RETRY_UNIT_SECONDS: { schema: number(0.001, 86_400, true), example: "60" },
  RETRY_TICK_SECONDS: { schema: number(0.01, 3_600, true), example: "60" },
  MAX_PAYLOAD_BYTES: { schema: number(2, LARGEST_PAYLOAD), example: "262144" },
  FAILED_KEYS_PER_MINUTE: { schema: number(0, 1_000_000), example: "20" },
  DISPATCHES_PER_SECOND: { schema: number(0, 1_000_000), example: "100" },
  MAX_PENDING_PER_USER: { schema: number(0, 1_000_000_000), example: "1000000" },
  TRUSTED_PROXIES: { schema: z.string().transform((value) => parseCidrs(value)), example: "127.0.0.1/32,10.1.0.0/16" },
  ENDPOINT_FAILING_ATTEMPTS: { schema: number(1, 1_000_000), example: "20" },
  ENDPOINT_WARN_AFTER_SECONDS: { schema: number(0.001, LONGEST_FAILURE_SECONDS, true), example: "86400" },
  ENDPOINT_DISABLE_AFTER_SECONDS: { schema: number(0.001, LONGEST_FAILURE_SECONDS, true), example: "432000" },
  LOG_LEVEL: {
    schema: z.enum(LEVELS).catch(() => {
      throw new ConfigurationError(`must be one of ${LEVELS.join(", ")}`);
    }),
    example: "info",
  },
} satisfies Record<string, Setting>;

/** What the gateway was told; durations in milliseconds. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataDir: string;
  /** Where the log is, or null: in the data folder. */
  readonly eventStoreUrl: string | null;
  /** What the names of the gateway's streams begin with on EventStoreDB, where other programs have theirs. */
  readonly eventStoreStreamPrefix: string;
  /** Where the read models are, or null: in the data folder. */
  readonly mongodbUrl: string | null;
  /** Base64 of 32 bytes, or null: made at the first start. */
  readonly masterKey: string | null;
  /** UUIDs, or null: made at the first start. */
  readonly operatorApiKey: string | null;
  readonly auditorApiKey: string | null;
  readonly deliveryAllowCidrs: readonly string[];
  readonly dnsServers: readonly string[];
  readonly deliveryTimeoutMs: number;
  readonly retryUnitMs: number;
  readonly retryTickMs: number;
  readonly maxPayloadBytes: number;
  /** How many wrong API keys one client address may send in a minute; 0: any number. */
  readonly failedKeysPerMinute: number;
  /** How many dispatches one user may send in a second; 0: any number. */
  readonly dispatchesPerSecond: number;
  /** How many deliveries of one user may wait for their end before a dispatch is refused; 0: any number. */
  readonly maxPendingPerUser: number;
  /** The ranges of the proxies whose X-Forwarded-For says where a request comes from. */
  readonly trustedProxies: readonly string[];
  /** An endpoint fails when so many attempts in a row did; then it counts for how long. */
  readonly endpointFailingAttempts: number;
  /** For how long an endpoint fails until its failing is recorded as a warning. */
  readonly endpointWarnAfterMs: number;
  /** For how long an endpoint fails until it is disabled; never shorter than the warning's. */
  readonly endpointDisableAfterMs: number;
  readonly logLevel: (typeof LEVELS)[number];
}

/**
 * Reads the configuration from environment variables; an empty one counts as unset, except EVENTSTORE_STREAM_PREFIX.
 *
 * @throws ConfigurationError with one line that names the variable, what is wrong with it and an example
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const read = <T>(name: keyof typeof SETTINGS, absent: T): T => {
    const value = env[name];
    const setting: Setting = SETTINGS[name];
    if (value === undefined || (value === "" && setting.neverEmpty !== true)) return absent;
    try {
      return setting.schema.parse(value) as T;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const got = setting.secret === true ? "" : ` (got ${JSON.stringify(value.slice(0, 100))})`;
      throw new ConfigurationError(`${name}: ${reason}${got}; for example ${name}=${setting.example}`);
    }
  };
  const eventStoreUrl = read<string | null>("EVENTSTORE_URL", null);
  for (const name of ["MASTER_KEY", "OPERATOR_API_KEY", "AUDITOR_API_KEY"] as const) {
    if (read<string | null>(name, null) === null && eventStoreUrl !== null) {
      const { example } = SETTINGS[name];
      throw new ConfigurationError(
        `${name}: is required with EVENTSTORE_URL, the same for every instance; for example ${name}=${example}`,
      );
    }
  }
  const warnAfterSeconds = read("ENDPOINT_WARN_AFTER_SECONDS", 86_400);
  const disableAfterSeconds = read("ENDPOINT_DISABLE_AFTER_SECONDS", Math.max(432_000, warnAfterSeconds));
  if (disableAfterSeconds < warnAfterSeconds) {
    throw new ConfigurationError(
      "ENDPOINT_DISABLE_AFTER_SECONDS: must not be less than ENDPOINT_WARN_AFTER_SECONDS " +
        `(got "${disableAfterSeconds}", and ${warnAfterSeconds} there); ` +
        `for example ENDPOINT_DISABLE_AFTER_SECONDS=${warnAfterSeconds}`,
    );
  }
  return {
    host: read("HOST", "127.0.0.1"),
    port: read("PORT", 8080),
    dataDir: read("DATA_DIR", "./data"),
    eventStoreUrl,
    eventStoreStreamPrefix: read("EVENTSTORE_STREAM_PREFIX", "webhook_gateway."),
    mongodbUrl: read<string | null>("MONGODB_URL", null),
    masterKey: read<string | null>("MASTER_KEY", null),
    operatorApiKey: read<string | null>("OPERATOR_API_KEY", null),
    auditorApiKey: read<string | null>("AUDITOR_API_KEY", null),
    deliveryAllowCidrs: read<readonly string[]>("DELIVERY_ALLOW_CIDRS", []),
    dnsServers: read<readonly string[]>("DNS_SERVERS", []),
    deliveryTimeoutMs: read("DELIVERY_TIMEOUT_MS", 15_000),
    retryUnitMs: read("RETRY_UNIT_SECONDS", 60) * 1_000,
    retryTickMs: read("RETRY_TICK_SECONDS", 60) * 1_000,
    maxPayloadBytes: read("MAX_PAYLOAD_BYTES", 262_144),
    failedKeysPerMinute: read("FAILED_KEYS_PER_MINUTE", 20),
    dispatchesPerSecond: read("DISPATCHES_PER_SECOND", 0),
    maxPendingPerUser: read("MAX_PENDING_PER_USER", 1_000_000),
    trustedProxies: read<readonly string[]>("TRUSTED_PROXIES", []),
    endpointFailingAttempts: read("ENDPOINT_FAILING_ATTEMPTS", 20),
    endpointWarnAfterMs: warnAfterSeconds * 1_000,
    endpointDisableAfterMs: disableAfterSeconds * 1_000,
    logLevel: read<Config["logLevel"]>("LOG_LEVEL", "info"),
  };
}
