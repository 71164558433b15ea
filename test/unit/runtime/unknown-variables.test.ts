import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../../src/config.ts";
import { unknownVariables } from "../../../src/runtime/unknown-variables.ts";

const VARIABLES = SETTINGS.map(({ variable }) => variable);

function nearest(...names: string[]): Record<string, string> {
  return Object.fromEntries(unknownVariables(names, VARIABLES).map((found) => [found.variable, found.nearest]));
}

describe("the unknown environment variables", () => {
  it("are those that begin like a setting, each with the nearest one", () => {
    const expected = {
      DELIVERY_TIMEOUT: "DELIVERY_TIMEOUT_MS",
      DELIVERY_TIMEOUT_SECONDS: "DELIVERY_TIMEOUT_MS",
      LOG_LEVELS: "LOG_LEVEL",
      MAX_PAYLOAD: "MAX_PAYLOAD_BYTES",
      MONGODB_URI: "MONGODB_URL",
      RETRY_TICKS: "RETRY_TICK_SECONDS",
    };
    expect(nearest(...Object.keys(expected))).toEqual(expected);
  });

  it("are those that are one letter off, or written in another case", () => {
    const expected = {
      ATA_DIR: "DATA_DIR",
      DATADIR: "DATA_DIR",
      HOSTS: "HOST",
      LGO_LEVEL: "LOG_LEVEL",
      PORTS: "PORT",
      PROT: "PORT",
      retry_tick_seconds: "RETRY_TICK_SECONDS",
      sUDITOR_API_KEY: "AUDITOR_API_KEY",
    };
    expect(nearest(...Object.keys(expected))).toEqual(expected);
  });

  it("are none of the settings, and none that look like no setting", () => {
    expect(nearest(...VARIABLES)).toEqual({});
    const others = [
      "PATH",
      "HOME",
      "HOSTNAME",
      "PWD",
      "SHLVL",
      "LOGNAME",
      "NODE_OPTIONS",
      "TZ",
      "npm_config_cache",
      "_",
    ];
    expect(nearest(...others)).toEqual({});
  });

  it("are none of those that Kubernetes sets for a service of that name", () => {
    const service = ["MONGODB_SERVICE_HOST", "MONGODB_SERVICE_PORT", "MONGODB_SERVICE_PORT_MONGO", "MONGODB_PORT"];
    const ports = ["MONGODB_PORT_27017_TCP", "MONGODB_PORT_27017_TCP_ADDR"];
    expect(nearest(...service, ...ports, "MONGODB_URI")).toEqual({ MONGODB_URI: "MONGODB_URL" });
    expect(nearest("MONGODB_PORT")).toEqual({ MONGODB_PORT: "MONGODB_URL" });
  });
});
