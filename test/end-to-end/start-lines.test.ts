import { expect, it } from "vitest";
import { VERSION } from "../../src/version.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { figure, figureNames } from "../fixtures/prometheus.ts";

it("a start warns of each variable that may have been meant as a setting, and never says its value", async () => {
  using folder = new TemporaryFolder();
  const value = "a-value-that-nobody-should-see";
  await using gateway = await GatewayProcess.start(folder.path, { DELIVERY_TIMEOUT: value, LGO_LEVEL: value });
  await gateway.ready;
  const lines = gateway.logged(({ msg }) => msg === "an environment variable is no setting");
  expect(lines).toMatchObject([
    { level: 40, variable: "DELIVERY_TIMEOUT", nearest: "DELIVERY_TIMEOUT_MS" },
    { level: 40, variable: "LGO_LEVEL", nearest: "LOG_LEVEL" },
  ]);
  expect(await gateway.terminate()).toBe(0);
  expect(`${gateway.stdout}${gateway.stderr}`).not.toContain(value);
});

it("the line ready names the version, and what was set to something other than its default", async () => {
  using folder = new TemporaryFolder();
  const key = "3f0a2f0e-7b1c-4a52-8f7e-0c5d8a2b9e11";
  const env = { OPERATOR_API_KEY: key, MONGODB_URL: "", RETRY_TICK_SECONDS: "60", LOG_LEVEL: "debug" };
  await using gateway = await GatewayProcess.start(folder.path, env);
  await gateway.ready;
  const [line] = gateway.logged(({ msg }) => msg === "ready");
  expect(line).toMatchObject({
    version: VERSION,
    revision: expect.stringMatching(/^([0-9a-f]{40}(-dirty)?|unknown)$/) as string,
  });
  expect(line!["settings"]).toEqual({
    PORT: "0",
    DATA_DIR: folder.path,
    DELIVERY_ALLOW_CIDRS: "127.0.0.2/32",
    OPERATOR_API_KEY: "[redacted]",
    LOG_LEVEL: "debug",
  });
  expect(`${gateway.stdout}${gateway.stderr}`).not.toContain(key);
  const scrape = async (): Promise<string> => (await fetch(`${await gateway.ready}/metrics`)).text();
  expect(figureNames(await scrape())).toContain(
    `webhook_build_info{version="${VERSION}",revision="${String(line!["revision"])}"}`,
  );
  for (const name of ["event_log_bytes", "read_models_bytes", "disk_free_bytes"]) {
    // The read models are made while the first requests are taken.
    await expect.poll(async () => figure(await scrape(), `webhook_${name}`), { message: name }).toBeGreaterThan(4_096);
  }
});
