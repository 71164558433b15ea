import { describe, expect, it } from "vitest";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { FerretProcess, ferretProgram } from "./ferret-process.ts";

const ENV = { DELIVERY_TIMEOUT_MS: "2000", RETRY_UNIT_SECONDS: "1", RETRY_TICK_SECONDS: "1" };
/** So many deliveries wait for a retry when the outage begins, and so many are accepted while it lasts. */
const COUNT = 20;
const program = ferretProgram();

type Step = (mongo: FerretProcess) => Promise<void> | void;
const OUTAGES: readonly (readonly [string, Step, Step])[] = [
  ["is gone and comes back", (mongo) => mongo.kill9(), (mongo) => mongo.restart()],
  ["is frozen and wakes up", (mongo) => mongo.freeze(), (mongo) => mongo.thaw()],
];

describe.each(OUTAGES)("while MongoDB %s", (_name, begin, end) => {
  it("payloads are taken and delivered, reads say 503, and retries go out when it is back", async ({ skip }) => {
    if (program === null) return skip("ferretdb is not installed");
    await using stack = new AsyncDisposableStack();
    const mongo = stack.use(await FerretProcess.start(program));
    const receiver = stack.adopt(await startReceiver(respondWith(503)), (it) => it.close());
    const folder = stack.use(new TemporaryFolder());
    const gateway = stack.use(await GatewayProcess.start(folder.path, { ...ENV, MONGODB_URL: mongo.url }));
    const address = await gateway.ready;
    const user = await ApiClient.createUser(address);
    const endpoint = await user.createEndpoint(receiver.url());
    for (let n = 0; n < COUNT; n++) await user.dispatch(endpoint, `{"n":${n}}`);
    await receiver.received(COUNT);
    await begin(mongo);

    receiver.answer(respondWith(200));
    const before = receiver.requests.length;
    for (let n = COUNT; n < 2 * COUNT; n++) expect((await user.dispatch(endpoint, `{"n":${n}}`)).status).toBe(202);
    await receiver.received(before + COUNT);
    const read = await user.list();
    expect(read.status).toBe(503);
    expect(read.headers.get("retry-after")).toBe("1");
    expect((await fetch(`${address}/readyz`)).status, "it takes payloads, so it is ready").toBe(200);

    await end(mongo);
    await until("reads", async () => (await user.list()).status === 200, 60_000);
    await user.untilAllFinal(90_000);
    const deliveries = await user.deliveries();
    expect(deliveries).toHaveLength(2 * COUNT);
    for (const { status } of deliveries) expect(status).toBe("SUCCESS");
    expect(new Set(receiver.requests.map(({ body }) => body.toString())).size).toBe(2 * COUNT);
    expect(await gateway.terminate()).toBe(0);
  });
});

describe("read models in MongoDB", () => {
  it("are refused when they were made from another log, and left as they are", async ({ skip }) => {
    if (program === null) return skip("ferretdb is not installed");
    await using stack = new AsyncDisposableStack();
    const mongo = stack.use(await FerretProcess.start(program));
    const [first, other] = [stack.use(new TemporaryFolder()), stack.use(new TemporaryFolder())];
    const gateway = stack.use(await GatewayProcess.start(first.path, { ...ENV, MONGODB_URL: mongo.url }));
    const user = await ApiClient.createUser(await gateway.ready);
    expect(await gateway.terminate()).toBe(0);

    const stranger = stack.use(GatewayProcess.spawn(other.path, { ...ENV, MONGODB_URL: mongo.url }));
    await expect(stranger.ready).rejects.toThrow();
    expect(await stranger.exited).toBe(1);
    expect(stranger.stderr).toMatch(/^webhook-gateway cannot start: MONGODB_URL: .*another event log.*\n$/);

    const again = stack.use(await GatewayProcess.start(first.path, { ...ENV, MONGODB_URL: mongo.url }));
    expect(JSON.parse(await user.at(await again.ready).text("/v1/users/me"))).toMatchObject({ id: 1 });
  });
});
