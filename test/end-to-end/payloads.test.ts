import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { nastyPayloads } from "../fixtures/nasty-json.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";

it("carries every payload to its receiver byte for byte, and shows the same bytes", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path);
  const api = await ApiClient.createUser(await gateway.ready);
  // A path of its own for each, so that what arrives is told apart by something else than its bytes.
  for (const [index, { name, text }] of nastyPayloads.entries()) {
    const endpoint = await api.createEndpoint(receiver.url(`/${index}`));
    const { status, deliveryId } = await api.dispatch(endpoint, text);
    expect(status, name).toBe(202);
    expect((await api.bytes(`/v1/deliveries/${deliveryId}/payload`)).equals(Buffer.from(text)), name).toBe(true);
  }
  await api.untilAllFinal();
  expect(receiver.requests).toHaveLength(nastyPayloads.length);
  for (const [index, { name, text }] of nastyPayloads.entries()) {
    const arrived = receiver.requests.find(({ path }) => path === `/${index}`);
    expect(arrived?.body.equals(Buffer.from(text)), name).toBe(true);
    expect(arrived?.headers["content-type"], name).toBe("application/json");
  }
});
