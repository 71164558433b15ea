import { describe, expect, it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";

/** No tick comes while this test runs, so that no scan can find a retry. The unit does not scale the default schedule. */
const ENV = { RETRY_TICK_SECONDS: "3600", RETRY_UNIT_SECONDS: "3600", DEFAULT_RETRY_SCHEDULE: "2,1" };

describe("retries that are due long before the next tick", () => {
  it("are sent after the waits of the schedule, and of Retry-After, and not early", async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(500)), (it) => it.close());
    const busy = { "retry-after": "3" };
    const asking = stack.adopt(await startReceiver(respondWith(503, "", busy)), (it) => it.close());
    await using gateway = await GatewayProcess.start(folder.path, ENV);
    const api = await ApiClient.createUser(await gateway.ready);
    const sent = [
      { url: receiver.url(), schedule: [1, 2, 1], waits: [1, 2, 1] },
      { url: receiver.url("/default"), schedule: null, waits: [2, 1] },
      { url: asking.url(), schedule: [1], waits: [3] },
    ].map(async ({ url, schedule, waits }) => {
      const id = await api.createEndpoint(url);
      const chosen = JSON.stringify({ retry_schedule: schedule });
      expect((await api.patch(`/v1/endpoints/${id}`, chosen)).status).toBe(200);
      return { waits, deliveryId: (await api.dispatch(id, '{"n":1}')).deliveryId };
    });
    const deliveries = await Promise.all(sent);
    await api.untilAllFinal();
    for (const { deliveryId, waits } of deliveries) {
      const { status, attempt_log: attempts } = await api.delivery(deliveryId);
      expect(status).toBe("FAILED");
      const starts = attempts.map(({ started_at }) => Date.parse(started_at));
      const dues = attempts.map(({ next_attempt_at }) =>
        next_attempt_at === null ? null : Date.parse(next_attempt_at),
      );
      expect(dues).toHaveLength(waits.length + 1);
      for (const [index, wait] of waits.entries()) {
        expect(dues[index]).toBeGreaterThanOrEqual((starts[index] ?? 0) + wait * 1_000);
        expect(starts[index + 1]).toBeGreaterThanOrEqual(dues[index] ?? Number.NaN);
      }
    }
  });
});
