import { describe, expect, it } from "vitest";
import { SETTINGS, changedSettings, readConfig } from "../../src/config.ts";
import type { Config } from "../../src/config.ts";
import { RETRY_LIMITS } from "../../src/events/endpoint-settings.ts";
import { ConfigurationError } from "../../src/runtime/configuration-error.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const UUID = "3f0a2f0e-7b1c-4a52-8f7e-0c5d8a2b9e11";

/** The one line with which the start is refused. */
function refusalOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error(`the configuration was taken: ${JSON.stringify(env)}`);
}

describe("the configuration", () => {
  it("has its defaults where nothing is set", () => {
    const defaults: Config = {
      host: "127.0.0.1",
      port: 8080,
      dataDir: "./data",
      eventStoreUrl: null,
      eventStoreStreamPrefix: "webhook_gateway.",
      mongodbUrl: null,
      masterKey: null,
      operatorApiKey: null,
      auditorApiKey: null,
      deliveryAllowCidrs: [],
      dnsServers: [],
      deliveryTimeoutMs: 15_000,
      retryUnitMs: 60_000,
      defaultRetryWaitsMs: null,
      retryTickMs: 60_000,
      maxPayloadBytes: 262_144,
      failedKeysPerMinute: 20,
      dispatchesPerSecond: 0,
      maxPendingPerUser: 1_000_000,
      maxEndpointsPerUser: 1_000,
      trustedProxies: [],
      clientAddressHeader: "x-forwarded-for",
      endpointFailingAttempts: 20,
      endpointWarnAfterMs: 86_400_000,
      endpointDisableAfterMs: 432_000_000,
      shutdownDelayMs: 0,
      logLevel: "info",
    };
    expect(readConfig({})).toEqual(defaults);
  });

  it("takes an empty variable for one that is not set, and does not mind others", () => {
    const empty = Object.fromEntries(
      ["HOST", "PORT", "MASTER_KEY", "MONGODB_URL", "LOG_LEVEL", "DNS_SERVERS"].map((name) => [name, ""]),
    );
    expect(readConfig({ ...empty, PATH: "/bin", HOME: undefined })).toEqual(readConfig({}));
  });

  it.each<[string, string, Partial<Config>]>([
    ["HOST", "0.0.0.0", { host: "0.0.0.0" }],
    ["HOST", "::", { host: "::" }],
    ["PORT", "0", { port: 0 }],
    ["PORT", "65535", { port: 65_535 }],
    ["DATA_DIR", "/var/lib/webhook gateway", { dataDir: "/var/lib/webhook gateway" }],
    ["MASTER_KEY", KEY, { masterKey: KEY }],
    ["OPERATOR_API_KEY", UUID, { operatorApiKey: UUID }],
    ["AUDITOR_API_KEY", UUID.toUpperCase(), { auditorApiKey: UUID.toUpperCase() }],
    ["EVENTSTORE_STREAM_PREFIX", "a", { eventStoreStreamPrefix: "a" }],
    ["EVENTSTORE_STREAM_PREFIX", "Shop_2.hooks.", { eventStoreStreamPrefix: "Shop_2.hooks." }],
    ["EVENTSTORE_STREAM_PREFIX", "x".repeat(64), { eventStoreStreamPrefix: "x".repeat(64) }],
    ["DELIVERY_ALLOW_CIDRS", "127.0.0.2/32, 10.1.0.0/16", { deliveryAllowCidrs: ["127.0.0.2/32", "10.1.0.0/16"] }],
    ["DELIVERY_ALLOW_CIDRS", "fd00::/8", { deliveryAllowCidrs: ["fd00::/8"] }],
    ["DNS_SERVERS", "127.0.0.1:5353, 9.9.9.9", { dnsServers: ["127.0.0.1:5353", "9.9.9.9"] }],
    ["DNS_SERVERS", "[2620:fe::fe]:53,[::1]", { dnsServers: ["[2620:fe::fe]:53", "[::1]"] }],
    ["DELIVERY_TIMEOUT_MS", "1", { deliveryTimeoutMs: 1 }],
    ["DELIVERY_TIMEOUT_MS", "600000", { deliveryTimeoutMs: 600_000 }],
    ["RETRY_UNIT_SECONDS", "0.5", { retryUnitMs: 500 }],
    ["DEFAULT_RETRY_SCHEDULE", "60,120", { defaultRetryWaitsMs: [60_000, 120_000] }],
    ["DEFAULT_RETRY_SCHEDULE", " 60 , 120 ", { defaultRetryWaitsMs: [60_000, 120_000] }],
    ["DEFAULT_RETRY_SCHEDULE", "[60, 120]", { defaultRetryWaitsMs: [60_000, 120_000] }],
    ["DEFAULT_RETRY_SCHEDULE", "1", { defaultRetryWaitsMs: [RETRY_LIMITS.minSeconds * 1_000] }],
    ["DEFAULT_RETRY_SCHEDULE", "604800", { defaultRetryWaitsMs: [RETRY_LIMITS.maxSeconds * 1_000] }],
    [
      "DEFAULT_RETRY_SCHEDULE",
      Array(20).fill("7").join(","),
      { defaultRetryWaitsMs: Array<number>(RETRY_LIMITS.waits).fill(7_000) },
    ],
    [
      "DEFAULT_RETRY_SCHEDULE",
      "standard",
      {
        defaultRetryWaitsMs: [5, 5 * 60, 30 * 60, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3_600)].map(
          (waitSeconds) => waitSeconds * 1_000,
        ),
      },
    ],
    ["RETRY_TICK_SECONDS", "1", { retryTickMs: 1_000 }],
    ["MAX_PAYLOAD_BYTES", "491520", { maxPayloadBytes: 491_520 }],
    ["FAILED_KEYS_PER_MINUTE", "0", { failedKeysPerMinute: 0 }],
    ["DISPATCHES_PER_SECOND", "250", { dispatchesPerSecond: 250 }],
    ["MAX_PENDING_PER_USER", "0", { maxPendingPerUser: 0 }],
    ["MAX_ENDPOINTS_PER_USER", "0", { maxEndpointsPerUser: 0 }],
    ["MAX_PENDING_PER_USER", "1000000000", { maxPendingPerUser: 1_000_000_000 }],
    ["TRUSTED_PROXIES", "127.0.0.1/32, fd00::/8", { trustedProxies: ["127.0.0.1/32", "fd00::/8"] }],
    ["SHUTDOWN_DELAY_SECONDS", "2.5", { shutdownDelayMs: 2_500 }],
    ["CLIENT_ADDRESS_HEADER", "forwarded", { clientAddressHeader: "forwarded" }],
    ["ENDPOINT_FAILING_ATTEMPTS", "1", { endpointFailingAttempts: 1 }],
    ["ENDPOINT_WARN_AFTER_SECONDS", "0.5", { endpointWarnAfterMs: 500 }],
    // The default of the other one is not below it.
    [
      "ENDPOINT_WARN_AFTER_SECONDS",
      "864000",
      { endpointWarnAfterMs: 864_000_000, endpointDisableAfterMs: 864_000_000 },
    ],
    ["ENDPOINT_DISABLE_AFTER_SECONDS", "86400", { endpointDisableAfterMs: 86_400_000 }],
    ["LOG_LEVEL", "silent", { logLevel: "silent" }],
  ])("takes %s=%s", (name, value, expected) => {
    expect(readConfig({ [name]: value })).toEqual({ ...readConfig({}), ...expected });
  });

  it.each([
    ["HOST", "my host"],
    ["DEFAULT_RETRY_SCHEDULE", "0"],
    ["DEFAULT_RETRY_SCHEDULE", "604801"],
    ["DEFAULT_RETRY_SCHEDULE", "60,1.5"],
    ["DEFAULT_RETRY_SCHEDULE", "60,,120"],
    ["DEFAULT_RETRY_SCHEDULE", "60,120,"],
    ["DEFAULT_RETRY_SCHEDULE", "60 120"],
    ["DEFAULT_RETRY_SCHEDULE", "60s"],
    ["DEFAULT_RETRY_SCHEDULE", "[]"],
    ["DEFAULT_RETRY_SCHEDULE", '["60"]'],
    ["DEFAULT_RETRY_SCHEDULE", "60,[120]"],
    ["DEFAULT_RETRY_SCHEDULE", '{"60":1}'],
    ["DEFAULT_RETRY_SCHEDULE", "null"],
    ["DEFAULT_RETRY_SCHEDULE", "Standard"],
    ["DEFAULT_RETRY_SCHEDULE", "toString"],
    ["DEFAULT_RETRY_SCHEDULE", Array(21).fill("7").join(",")],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "80.5"],
    ["PORT", "0x50"],
    ["PORT", " 8080"],
    ["DATA_DIR", "   "],
    // Empty too, which elsewhere counts as unset: without a prefix the streams of others would be the gateway's.
    ["EVENTSTORE_STREAM_PREFIX", ""],
    ["EVENTSTORE_STREAM_PREFIX", "webhook-gateway"],
    ["EVENTSTORE_STREAM_PREFIX", "webhook gateway."],
    ["EVENTSTORE_STREAM_PREFIX", " "],
    ["EVENTSTORE_STREAM_PREFIX", "$webhook."],
    ["EVENTSTORE_STREAM_PREFIX", "Tür."],
    ["EVENTSTORE_STREAM_PREFIX", "webhook_gateway.\n"],
    ["EVENTSTORE_STREAM_PREFIX", "x".repeat(65)],
    ["DELIVERY_ALLOW_CIDRS", "10.0.0.0/33"],
    ["DELIVERY_ALLOW_CIDRS", "127.0.0.2/32,,"],
    ["DELIVERY_ALLOW_CIDRS", "internal"],
    ["DNS_SERVERS", "dns.example"],
    ["DNS_SERVERS", "999.1.1.1"],
    ["DNS_SERVERS", "1.1.1"],
    ["DNS_SERVERS", "1.1.1.1:0"],
    ["DNS_SERVERS", "1.1.1.1:65536"],
    ["DNS_SERVERS", "[zz::1]:53"],
    ["DNS_SERVERS", "::1"],
    ["DNS_SERVERS", "1.1.1.1,"],
    ["DELIVERY_TIMEOUT_MS", "0"],
    ["DELIVERY_TIMEOUT_MS", "600001"],
    ["DELIVERY_TIMEOUT_MS", "15s"],
    ["RETRY_UNIT_SECONDS", "0"],
    ["RETRY_UNIT_SECONDS", "1e3"],
    ["RETRY_UNIT_SECONDS", "86401"],
    ["RETRY_TICK_SECONDS", "0.001"],
    ["RETRY_TICK_SECONDS", "3601"],
    ["MAX_PAYLOAD_BYTES", "1"],
    ["MAX_PAYLOAD_BYTES", "491521"],
    ["FAILED_KEYS_PER_MINUTE", "-1"],
    ["FAILED_KEYS_PER_MINUTE", "none"],
    ["FAILED_KEYS_PER_MINUTE", "1000001"],
    ["DISPATCHES_PER_SECOND", "0.5"],
    ["DISPATCHES_PER_SECOND", "100/s"],
    ["MAX_PENDING_PER_USER", "1000000001"],
    ["MAX_PENDING_PER_USER", "1e6"],
    ["TRUSTED_PROXIES", "loopback"],
    ["TRUSTED_PROXIES", "true"],
    ["TRUSTED_PROXIES", "10.0.0.0/8;10.1.0.0/16"],
    ["SHUTDOWN_DELAY_SECONDS", "-1"],
    ["SHUTDOWN_DELAY_SECONDS", "3601"],
    ["CLIENT_ADDRESS_HEADER", "X-Real-IP"],
    ["CLIENT_ADDRESS_HEADER", "x-forwarded-for, forwarded"],
    ["ENDPOINT_FAILING_ATTEMPTS", "0"],
    ["ENDPOINT_WARN_AFTER_SECONDS", "0"],
    ["ENDPOINT_WARN_AFTER_SECONDS", "315360001"],
    ["ENDPOINT_DISABLE_AFTER_SECONDS", "-1"],
    ["ENDPOINT_DISABLE_AFTER_SECONDS", "5d"],
    // Less than the day after which the warning is due.
    ["ENDPOINT_DISABLE_AFTER_SECONDS", "3600"],
    ["LOG_LEVEL", "INFO"],
    ["LOG_LEVEL", "loud\nline two"],
  ])("refuses %s=%j in one line that names it, what it was, and an example", (name, value) => {
    const line = refusalOf({ [name]: value });
    expect(line).toMatch(new RegExp(`^${name}: .+; for example ${name}=\\S+$`));
    expect(line).not.toContain("\n");
    expect(line).toContain(JSON.stringify(value));
    const [, example = ""] = /; for example \w+=(\S+)$/.exec(line) ?? [];
    expect(() => readConfig({ [name]: example })).not.toThrow();
  });

  it.each([
    ["OPERATOR_API_KEY", "s3cret-operator"],
    ["AUDITOR_API_KEY", `${UUID}x`],
    ["MASTER_KEY", "c2VjcmV0"],
    ["MASTER_KEY", `${KEY}=`],
    ["EVENTSTORE_URL", "http://admin:s3cret@log.example"],
    ["MONGODB_URL", "postgres://admin:s3cret@db.example"],
  ])("refuses %s=%j without repeating what is secret in it", (name, value) => {
    const line = refusalOf({ [name]: value });
    expect(line).toMatch(new RegExp(`^${name}: .+; for example ${name}=.+$`));
    expect(line).not.toContain("\n");
    expect(line).not.toContain(value);
    expect(line).not.toContain("s3cret");
  });

  const keys = { MASTER_KEY: KEY, OPERATOR_API_KEY: UUID, AUDITOR_API_KEY: UUID };

  it.each(["esdb://127.0.0.1:2113?tls=false", "esdb+discover://admin:s3cret@log.example:2113", "esdb://a:1,b:2,c:3"])(
    "takes EVENTSTORE_URL=%s together with the keys that all instances share",
    (url) => {
      const config = readConfig({ ...keys, EVENTSTORE_URL: url });
      const known = { masterKey: KEY, operatorApiKey: UUID, auditorApiKey: UUID };
      expect(config).toEqual({ ...readConfig({}), ...known, eventStoreUrl: url });
    },
  );

  it.each(Object.keys(keys))("refuses EVENTSTORE_URL without %s, by name and with an example", (missing) => {
    const env = { ...keys, [missing]: "", EVENTSTORE_URL: "esdb://admin:s3cret@log.example:2113" };
    const line = refusalOf(env);
    expect(line).toMatch(new RegExp(`^${missing}: is required with EVENTSTORE_URL, .+; for example ${missing}=.+$`));
    expect(line).not.toContain("s3cret");
  });

  it.each(["mongodb://admin:s3cret@db.example", "mongodb+srv://db.example/hooks"])(
    "takes MONGODB_URL=%s alone, since the keys are in DATA_DIR with the log",
    (url) => {
      expect(readConfig({ MONGODB_URL: url })).toEqual({ ...readConfig({}), mongodbUrl: url });
    },
  );

  it("says what differs from the defaults, and of a secret only that it is set", () => {
    const defaults = SETTINGS.flatMap((one) => (one.default === null ? [] : [[one.variable, one.default] as const]));
    expect(changedSettings({ ...Object.fromEntries(defaults), DNS_SERVERS: "", PATH: "/bin" })).toEqual({});
    const url = "mongodb://admin:s3cret@db.example";
    const given = { ...keys, MONGODB_URL: url, PORT: "0", DELIVERY_ALLOW_CIDRS: "127.0.0.1/32" };
    const secret = "[redacted]";
    expect(changedSettings(given)).toEqual({
      PORT: "0",
      DELIVERY_ALLOW_CIDRS: "127.0.0.1/32",
      MONGODB_URL: secret,
      MASTER_KEY: secret,
      OPERATOR_API_KEY: secret,
      AUDITOR_API_KEY: secret,
    });
  });

  it("does not fill the screen with a value that is very long", () => {
    expect(refusalOf({ PORT: "8".repeat(10_000) }).length).toBeLessThan(300);
  });
});
