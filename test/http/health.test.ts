import { describe, expect, it } from "vitest";
import { Health } from "../../src/observability/health.ts";
import { startTestGateway } from "../fixtures/gateway/test-gateway.ts";

describe("the probes", () => {
  it("say that the process lives and can take work, and why it cannot", async () => {
    const health = new Health();
    const gateway = await startTestGateway({ health, deliver: false });
    const probe = async (url: string): Promise<readonly unknown[]> => {
      const { statusCode, body, headers } = await gateway.app.inject({ method: "GET", url });
      return [statusCode, body, headers["content-type"]];
    };
    expect(await probe("/livez")).toEqual([200, '{"status":"ok"}', "application/json"]);
    await expect.poll(() => health.reasons).toEqual([]);
    expect(await probe("/readyz")).toEqual([200, '{"status":"ok","reasons":[]}', "application/json"]);
    health.degrade("event log", "the disk is full");
    const reasons = '{"status":"unavailable","reasons":["event log: the disk is full"]}';
    expect(await probe("/readyz")).toEqual([503, reasons, "application/json"]);
    expect(await probe("/livez")).toEqual([200, '{"status":"ok"}', "application/json"]);
    health.restore("event log");
    expect(await probe("/readyz")).toEqual([200, '{"status":"ok","reasons":[]}', "application/json"]);
    await gateway.stop();
  });
});
