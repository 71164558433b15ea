import { createPublicKey, verify } from "node:crypto";
import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver, ReceivedRequest } from "../fixtures/receivers/receiver.ts";
import { officialVerifiers } from "../fixtures/sending/official-verifiers.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

const DELIVERIES = 1_000;
/** So many dispatches at a time. */
const AT_ONCE = 20;
/** Retries follow a third of a second after the failure. */
const ENV = { RETRY_UNIT_SECONDS: "0.3", RETRY_TICK_SECONDS: "0.3" };

interface Secret {
  readonly secret: string;
  readonly previous_secret_expires_at?: string;
  readonly public_key?: string;
}

/** Which of these secrets a request is signed with, as both official verifiers see it. */
function signersOf({ headers, body }: ReceivedRequest, secrets: readonly string[]): number[] {
  const text = body.toString();
  return secrets.flatMap((secret, index) => {
    const holds = officialVerifiers.map(([, verifies]) => {
      try {
        verifies(secret, text, headers);
        return true;
      } catch {
        return false;
      }
    });
    expect(new Set(holds).size, "both verifiers say the same").toBe(1);
    return holds[0] === true ? [index] : [];
  });
}

/** Fails the first attempt of every second delivery. */
function failEverySecond(receiver: Receiver): void {
  const seen = new Map<string, number>();
  receiver.answer((socket, request) => {
    const id = request.headers["webhook-id"] ?? "";
    const place = seen.get(id) ?? seen.size;
    const isFirst = !seen.has(id);
    seen.set(id, place);
    respondWith(isFirst && place % 2 === 1 ? 500 : 200)(socket, request);
  });
}

async function dispatchMany(api: ApiClient, endpoint: number, from: number, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let done = 0; done < count; done += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, index) =>
      api.dispatch(endpoint, `{ "n": ${from + done + index}, "text": "Zoë 😀 \\u00e9" }`),
    );
    for (const { status, deliveryId } of await Promise.all(some)) {
      expect(status).toBe(202);
      ids.push(deliveryId);
    }
  }
  return ids;
}

it(
  "both official verifiers accept 1,000 deliveries with their retries, with either secret while a rotation overlaps",
  { timeout: 120_000 },
  async () => {
    using folder = new TemporaryFolder();
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(), (it) => it.close());
    failEverySecond(receiver);
    const gateway = stack.use(await GatewayProcess.start(folder.path, ENV));
    const api = await ApiClient.createUser(await gateway.ready);
    const endpoint = await api.createEndpoint(receiver.url("/hook"));
    const secretNow = async (): Promise<Secret> =>
      JSON.parse(await api.text(`/v1/endpoints/${endpoint}/secret`)) as Secret;
    const rotate = async (overlap_seconds: number): Promise<Secret> => {
      const reply = await api.post(`/v1/endpoints/${endpoint}/secret/rotate`, JSON.stringify({ overlap_seconds }));
      expect(reply.status).toBe(200);
      return (await reply.json()) as Secret;
    };

    const { secret: first } = await secretNow();
    const before = await dispatchMany(api, endpoint, 0, 400);
    // In the middle: first attempts and retries of what was dispatched before are still under way.
    const { secret: second } = await rotate(600);
    const during = await dispatchMany(api, endpoint, 400, 400);
    await api.untilAllFinal(90_000);
    const beforeTheEnd = receiver.requests.length;
    const { secret: third } = await rotate(0);
    const after = await dispatchMany(api, endpoint, 800, 200);
    await api.untilAllFinal(90_000);

    const ids = [...before, ...during, ...after];
    expect(new Set(receiver.requests.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set(ids));
    expect(new Set(ids).size).toBe(DELIVERIES);
    expect(receiver.requests.length).toBeGreaterThanOrEqual(DELIVERIES * 1.5);

    const secrets = [first, second, third];
    expect(new Set(secrets).size).toBe(3);
    const signers = receiver.requests.map((request) => signersOf(request, secrets).join());
    const isOf = (some: readonly string[]): number[] =>
      receiver.requests.flatMap(({ headers }, index) => (some.includes(headers["webhook-id"] ?? "") ? [index] : []));
    // What was dispatched before the rotation may have been sent before it, or be a retry after it.
    for (const index of isOf(before)) expect(["0", "0,1"]).toContain(signers[index]);
    for (const index of isOf(during)) expect(signers[index]).toBe("0,1");
    for (const index of isOf(after)) expect(signers[index]).toBe("2");
    expect(signers.slice(0, beforeTheEnd)).toContain("0");
    expect(new Set(signers.slice(beforeTheEnd))).toEqual(new Set(["2"]));
    expect((await secretNow()).secret).toBe(third);

    for (const [, requests] of Map.groupBy(receiver.requests, ({ headers }) => headers["webhook-id"])) {
      const times = requests.map(({ headers }) => Number(headers["webhook-timestamp"]));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
    }
  },
);

it("signs with ed25519 besides, where that is switched on, and with both keys while a rotation overlaps", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(), (it) => it.close());
  const gateway = stack.use(await GatewayProcess.start(folder.path, ENV));
  const api = await ApiClient.createUser(await gateway.ready);
  const endpoint = await api.createEndpoint(receiver.url("/hook"));
  const path = `/v1/endpoints/${endpoint}`;
  const secretNow = async (): Promise<Secret> => JSON.parse(await api.text(`${path}/secret`)) as Secret;
  expect(await secretNow()).not.toHaveProperty("public_key");
  expect((await api.patch(path, '{"ed25519":true}')).status).toBe(200);
  const before = await secretNow();
  const rotated = (await (await api.post(`${path}/secret/rotate`, "{}")).json()) as Secret;
  await api.dispatch(endpoint, '{"a":1}');
  const [request] = await receiver.received(1);
  if (request === undefined) return expect.unreachable();
  expect(signersOf(request, [before.secret, rotated.secret])).toEqual([0, 1]);
  for (const { public_key = "" } of [before, rotated]) expect(ed25519Holds(public_key, request)).toBe(true);
  await until("the delivery to be final", async () => (await api.deliveries("status=SUCCESS")).length === 1);
});

/** Whether one of the request's `v1a` is of this public key. */
function ed25519Holds(publicKey: string, { headers, body }: ReceivedRequest): boolean {
  const x = Buffer.from(publicKey.slice("whpk_".length), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
  return (headers["webhook-signature"] ?? "")
    .split(" ")
    .filter((signature) => signature.startsWith("v1a,"))
    .some((signature) => verify(null, content, key, Buffer.from(signature.slice(4), "base64")));
}
