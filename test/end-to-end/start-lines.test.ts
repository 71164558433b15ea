import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

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
