import { z } from "zod";
import { parseCidrs } from "./net/addresses.ts";
import { parseDnsServers } from "./net/dns-servers.ts";
import { CLIENT_ADDRESS_HEADERS } from "./net/forwarded.ts";
import { ConfigurationError } from "./runtime/configuration-error.ts";
import { number, oneOf, optional, parsed, seconds, secondsList, text } from "./runtime/setting-values.ts";
import { UUID } from "./runtime/uuid.ts";

/** The largest MAX_PAYLOAD_BYTES: as JSON text in an event it may double, and must fit into MAX_APPEND_BYTES with the rest. */
const LARGEST_PAYLOAD = 480 * 1024;
const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** What the program says of a setting; README.md has the same names and defaults, and says what each is for. */
export interface Setting {
  /** Its environment variable. */
  readonly variable: string;
  /** What counts when the variable is not set, as one would set it; null: nothing, and `without` says so in words. */
  readonly default: string | null;
  readonly without: string;
  /** A value for anyone who set an invalid one. */
  readonly example: string;
  /** No message repeats its value. A setting is secret unless the table says `open`. */
  readonly secret: boolean;
  /** An empty value is invalid; for other settings it counts as not set. */
  readonly neverEmpty: boolean;
}

const registry = z.registry<Setting>();

/** Registers a setting by its variable, as a secret. Its example is its default, unless it has none. */
function setting<Schema extends z.ZodType>(variable: string, schema: Schema, more: Partial<Setting> = {}): Schema {
  const value = schema instanceof z.ZodPrefault ? String(schema.def.defaultValue) : null;
  const about = { default: value, without: "none", example: value ?? "", secret: true, neverEmpty: false };
  registry.add<z.ZodType>(schema, { variable, ...about, ...more });
  return schema;
}

/** Registers a setting whose value anybody may see who sees the program's log. */
function open<Schema extends z.ZodType>(variable: string, schema: Schema, more: Partial<Setting> = {}): Schema {
  return setting(variable, schema, { ...more, secret: false });
}

const cidrs = parsed<readonly string[]>(parseCidrs);
const uuid = text(new RegExp(UUID, "i"), "a UUID");
/** As the owner of an endpoint may choose (`RETRY_LIMITS`), but for none at all. */
const WAITS = { min: 1, max: 604_800, most: 20 };
/** The waits that Standard Webhooks 1.0.0 recommends: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
const NAMED_WAITS = { standard: [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] };
/** Up to ten years, which disables no endpoint in practice. */
const failureSeconds = seconds(0.001, 315_360_000);
const madeKey = { without: "made at first start", example: "$(uuidgen)" };

/** Each setting: its variable, what it may be, its default, and the name and type that it has in the program. */
const schema = z.object({
  host: open("HOST", text(/^\S+$/, "an address or a host name").prefault("127.0.0.1")),
  /** 0: any free port. */
  port: open("PORT", number(0, 65_535).prefault("8080")),
  dataDir: open("DATA_DIR", text(/\S/, "a folder").prefault("./data")),
  /** Where the log is, or null: in the data folder. */
  eventStoreUrl: setting("EVENTSTORE_URL", optional(text(/^esdb(\+discover)?:\/\/\S+$/, "an esdb:// address")), {
    example: "esdb://127.0.0.1:2113",
  }),
  /** What the names of the gateway's streams begin with on EventStoreDB, where other programs have theirs. */
  eventStoreStreamPrefix: open(
    "EVENTSTORE_STREAM_PREFIX",
    text(/^[A-Za-z0-9_.]{1,64}$/, "1 to 64 letters, digits, _ and .").prefault("webhook_gateway."),
    // Without a prefix the streams of other programs would be the gateway's.
    { neverEmpty: true },
  ),
  /** Where the read models are, or null: in the data folder. */
  mongodbUrl: setting("MONGODB_URL", optional(text(/^mongodb(\+srv)?:\/\/\S+$/, "a mongodb:// address")), {
    example: "mongodb://127.0.0.1:27017",
  }),
  /** Base64 of 32 bytes, or null: made at the first start. */
  masterKey: setting("MASTER_KEY", optional(text(/^[A-Za-z0-9+/]{43}=$/, "32 bytes in base64")), {
    ...madeKey,
    example: "$(openssl rand -base64 32)",
  }),
  /** UUIDs, or null: made at the first start. */
  operatorApiKey: setting("OPERATOR_API_KEY", optional(uuid), madeKey),
  auditorApiKey: setting("AUDITOR_API_KEY", optional(uuid), madeKey),
  deliveryAllowCidrs: open("DELIVERY_ALLOW_CIDRS", cidrs.default([]), { example: "127.0.0.2/32,10.1.0.0/16" }),
  dnsServers: open("DNS_SERVERS", parsed(parseDnsServers).default([]), {
    without: "the system's",
    example: "127.0.0.1:5353",
  }),
  deliveryTimeoutMs: open("DELIVERY_TIMEOUT_MS", number(1, 600_000).prefault("15000")),
  retryUnitMs: open("RETRY_UNIT_SECONDS", seconds(0.001, 86_400).prefault("60")),
  /** The waits between the attempts to endpoints whose owner chose none; null: 1, 2, 4 and 8 units. */
  defaultRetryWaitsMs: open("DEFAULT_RETRY_SCHEDULE", secondsList(WAITS, NAMED_WAITS).nullable().default(null), {
    without: "1 to 8 units",
    example: "60,120,240",
  }),
  retryTickMs: open("RETRY_TICK_SECONDS", seconds(0.01, 3_600).prefault("60")),
  maxPayloadBytes: open("MAX_PAYLOAD_BYTES", number(2, LARGEST_PAYLOAD).prefault("262144")),
  /** How many wrong API keys one client address may send in a minute; 0: any number. */
  failedKeysPerMinute: open("FAILED_KEYS_PER_MINUTE", number(0, 1_000_000).prefault("20")),
  /** How many dispatches one user may send in a second; 0: any number. */
  dispatchesPerSecond: open("DISPATCHES_PER_SECOND", number(0, 1_000_000).prefault("0"), { example: "100" }),
  /** How many deliveries of one user may be pending before a dispatch is refused; 0: any number. */
  maxPendingPerUser: open("MAX_PENDING_PER_USER", number(0, 1_000_000_000).prefault("1000000")),
  /** How many endpoints one user may have; 0: any number. */
  maxEndpointsPerUser: open("MAX_ENDPOINTS_PER_USER", number(0, 1_000_000_000).prefault("1000")),
  /** The ranges of the proxies whose word counts for where a request comes from. */
  trustedProxies: open("TRUSTED_PROXIES", cidrs.default([]), { example: "127.0.0.1/32,10.1.0.0/16" }),
  /** The one header in which these proxies say it. */
  clientAddressHeader: open(
    "CLIENT_ADDRESS_HEADER",
    z.string().toLowerCase().pipe(oneOf(CLIENT_ADDRESS_HEADERS)).prefault("x-forwarded-for"),
  ),
  /** After how many failed attempts in a row an endpoint counts as failing. */
  endpointFailingAttempts: open("ENDPOINT_FAILING_ATTEMPTS", number(1, 1_000_000).prefault("20")),
  /** How long an endpoint fails until its failing is recorded as a warning. */
  endpointWarnAfterMs: open("ENDPOINT_WARN_AFTER_SECONDS", failureSeconds.prefault("86400")),
  /** How long an endpoint fails until it is disabled; never shorter than the warning's. */
  endpointDisableAfterMs: open("ENDPOINT_DISABLE_AFTER_SECONDS", failureSeconds.prefault("432000")),
  /** How long the gateway goes on at a signal while readiness is 503, before it stops. */
  shutdownDelayMs: open("SHUTDOWN_DELAY_SECONDS", seconds(0, 3_600).prefault("0"), { example: "10" }),
  logLevel: open("LOG_LEVEL", oneOf(LEVELS).prefault("info")),
});

/** What the gateway was told; durations in milliseconds. */
export type Config = Readonly<z.infer<typeof schema>>;

type Name = keyof Config;
type Environment = Readonly<Record<string, string | undefined>>;
/** The settings as they are in the environment. */
type Given = Readonly<Partial<Record<Name, string>>>;

const names = schema.keyof().options;

/** Every setting of the gateway. */
export const SETTINGS: readonly Setting[] = names.map(settingOf);

/**
 * Reads the configuration from environment variables; an empty one counts as unset, except EVENTSTORE_STREAM_PREFIX.
 *
 * @throws ConfigurationError with one line that names the variable, what is wrong with it and an example
 */
export function readConfig(env: Environment): Config {
  const given: Given = Object.fromEntries(
    names.flatMap((name) => {
      const value = valueIn(env, settingOf(name));
      return value === null ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  if (result.success) return checkedTogether(result.data, given);
  const [{ path, message } = { path: [], message: "" }] = result.error.issues;
  const { variable, example, secret } = settingOf(path[0] as Name);
  const value = given[path[0] as Name] ?? "";
  const got = secret ? "" : ` (got ${JSON.stringify(value.slice(0, 100))})`;
  throw new ConfigurationError(`${variable}: ${message}${got}; for example ${variable}=${example}`);
}

/** The settings that differ from their defaults, by variable, as they were given; of a secret only that it is set. */
export function changedSettings(env: Environment): Readonly<Record<string, string>> {
  const changed = SETTINGS.flatMap((setting) => {
    const value = valueIn(env, setting);
    if (value === null || value === setting.default) return [];
    return [[setting.variable, setting.secret ? "[redacted]" : value] as const];
  });
  return Object.fromEntries(changed);
}

/** What a setting was set to; null: it was not. */
function valueIn(env: Environment, { variable, neverEmpty }: Setting): string | null {
  const value = env[variable];
  return value === undefined || (value === "" && !neverEmpty) ? null : value;
}

/** The rules that are about two settings. */
function checkedTogether(config: Config, given: Given): Config {
  for (const name of ["masterKey", "operatorApiKey", "auditorApiKey"] as const) {
    if (config[name] !== null || config.eventStoreUrl === null) continue;
    const { variable, example } = settingOf(name);
    throw new ConfigurationError(
      `${variable}: is required with EVENTSTORE_URL, the same for every instance; for example ${variable}=${example}`,
    );
  }
  const { endpointWarnAfterMs: warnAfter, endpointDisableAfterMs: disableAfter } = config;
  if (disableAfter >= warnAfter) return config;
  // A default is never below the warning's.
  if (given.endpointDisableAfterMs === undefined) return { ...config, endpointDisableAfterMs: warnAfter };
  throw new ConfigurationError(
    "ENDPOINT_DISABLE_AFTER_SECONDS: must not be less than ENDPOINT_WARN_AFTER_SECONDS " +
      `(got "${given.endpointDisableAfterMs}", and ${warnAfter / 1_000} there); ` +
      `for example ENDPOINT_DISABLE_AFTER_SECONDS=${warnAfter / 1_000}`,
  );
}

function settingOf(name: Name): Setting {
  const found = registry.get(schema.shape[name]);
  if (found === undefined) throw new Error(`the setting ${name} has no variable`);
  return found;
}
