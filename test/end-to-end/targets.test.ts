import { expect, it } from "vitest";
import { makeSelfSigned } from "../fixtures/certificates/receiver-certificate.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver, startTwins } from "../fixtures/receivers/receiver.ts";
import { startNameServer } from "../fixtures/sending/name-server.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

const NAME = "hooks.receiver.example";
const ENV = { RETRY_UNIT_SECONDS: "0.2", RETRY_TICK_SECONDS: "0.5" };

it("delivers by name, refuses it while it leads inside, and delivers again when it comes right", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const names = stack.adopt(await startNameServer(), (it) => it.close());
  // Each delivery makes a connection of its own.
  const { open: receiver, inside } = await startTwins(respondWith(200, "", { connection: "close" }));
  stack.defer(() => receiver.close());
  stack.defer(() => inside.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, DNS_SERVERS: names.address }));
  const api = await ApiClient.createUser(await gateway.ready);
  const endpoint = await api.createEndpoint(`http://${NAME}:${receiver.port}/hook`);

  names.says(NAME, { addresses: ["127.0.0.2"] });
  await api.dispatch(endpoint, '{"n":1}');
  await api.untilAllFinal();
  expect(receiver.requests).toHaveLength(1);
  expect(receiver.requests[0]?.headers["host"]).toBe(`${NAME}:${receiver.port}`);

  names.says(NAME, { addresses: ["127.0.0.1"] });
  const { deliveryId } = await api.dispatch(endpoint, '{"n":2}');
  await until("an attempt that is refused", async () => (await api.delivery(deliveryId)).attempts > 0);
  const shown = await api.text(`/v1/deliveries/${deliveryId}`);
  expect(shown).toContain('"error_code":"target_forbidden"');
  expect(shown + (await api.text(`/v1/deliveries/${deliveryId}/events`))).not.toContain("127.0.0.1");

  names.says(NAME, { addresses: ["127.0.0.2"] });
  await until("it to be delivered", async () => (await api.delivery(deliveryId)).status === "SUCCESS");
  expect(inside.connections).toBe(0);
  expect(gateway.stdout).not.toContain("127.0.0.1:" + String(receiver.port));
});

it("takes neither a proxy nor a lax check of certificates from its environment", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const certificate = makeSelfSigned("127.0.0.2");
  if (certificate === null) return;
  const proxy = stack.adopt(await startReceiver(), (it) => it.close());
  const receiver = stack.adopt(await startReceiver(), (it) => it.close());
  const untrusted = stack.adopt(await startReceiver(undefined, { tls: certificate }), (it) => it.close());
  const url = proxy.url();
  const gateway = stack.use(
    await GatewayProcess.start(folder.path, {
      ...ENV,
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      http_proxy: url,
      https_proxy: url,
      ALL_PROXY: url,
      NODE_USE_ENV_PROXY: "1",
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    }),
  );
  const api = await ApiClient.createUser(await gateway.ready);
  await api.dispatch(await api.createEndpoint(receiver.url("/plain")), '{"a":1}');
  const { deliveryId } = await api.dispatch(await api.createEndpoint(untrusted.url("/tls")), '{"a":1}');
  await until("the attempts", async () => (await api.delivery(deliveryId)).attempts > 0);
  await receiver.received(1);
  expect((await api.delivery(deliveryId)).attempt_log[0]?.error_code).toBe("tls_untrusted");
  expect([proxy.connections, untrusted.requests.length]).toEqual([0, 0]);
});
