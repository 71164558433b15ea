import { describe, expect, it } from "vitest";
import type { CommandOutcome } from "../fixtures/gateway/command-process.ts";
import type { GatewayProcess } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { SERVER_KEYS } from "./instances.ts";
import type { Instances } from "./instances.ts";

/** The digest of a projection, as the operator's API gives it. */
async function digestOf(address: string, operatorKey: string, name: string): Promise<string> {
  const text = await new ApiClient(address, operatorKey).text(`/v1/admin/projections/${name}`);
  const { digest } = JSON.parse(text) as { digest: { sha256: string; exact: boolean } };
  expect(digest.exact).toBe(true);
  return digest.sha256;
}

/** Has a running gateway make everything again, while somebody reads; it stops the gateway. `run` runs a subcommand. */
export async function expectRebuiltWhileServing(
  gateway: GatewayProcess,
  operatorKey: string,
  run: (args: readonly string[]) => Promise<CommandOutcome>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  const address = await gateway.ready;
  const user = await ApiClient.createUser(address);
  const endpoint = await user.createEndpoint(receiver.url());
  for (let n = 0; n < 50; n++) await user.dispatch(endpoint, `{"n":${n}}`);
  await user.untilAllFinal();
  const before = await digestOf(address, operatorKey, "deliveries");
  const shown = await user.text("/v1/deliveries?limit=100");

  let reading = true;
  const reads = (async () => {
    while (reading) {
      const reply = await user.list(100);
      expect({ status: reply.status, body: await reply.text() }).toEqual({ status: 200, body: shown });
    }
  })();
  const rebuilt = await run(["rebuild", "--all", "--url", address]);
  reading = false;
  await reads;
  expect(rebuilt).toMatchObject({ exitCode: 0 });
  expect(rebuilt.stderr).toContain("rebuilt deliveries; the old one was the same\n");
  expect(await digestOf(address, operatorKey, "deliveries")).toBe(before);
  expect((await user.dispatch(endpoint, '{"n":"after"}')).status).toBe(202);
  await user.untilAllFinal();
  expect(await gateway.terminate()).toBe(0);
}

/** What is promised of a rebuild from a server; `start` gives a log of its own there. */
export function rebuiltOnAServer(name: string, start: () => Promise<Instances>): void {
  describe(`webhook-gateway rebuild on ${name}`, () => {
    it("makes every projection again while it serves, with the same digest", { timeout: 120_000 }, async () => {
      await using instances = await start();
      const gateway = await instances.gateway();
      await expectRebuiltWhileServing(gateway, SERVER_KEYS.OPERATOR_API_KEY, (args) => instances.run(args));
    });
  });
}
