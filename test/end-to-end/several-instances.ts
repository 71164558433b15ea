import { describe, expect, it } from "vitest";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import type { Instances } from "./instances.ts";
import { SERVER_KEYS, attemptsOf } from "./instances.ts";
import { until } from "../fixtures/until.ts";

/** How many deliveries fall due together. */
const DUE = 400;
/** How many pairs of requests race, one at each of two instances. */
const PAIRS = 60;
/** How many change one endpoint together, all of them within a request's time. */
const CHANGING = 50;
/** How many are dispatched while everything is paused. */
const PAUSED = 40;
/** How many dispatches a test sends at a time. */
const CLIENTS = 32;

/** Asks the gateways in turn for so many deliveries; gives their ids. */
async function dispatchAll(apis: readonly ApiClient[], endpoint: number, count: number): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const { status, deliveryId } = await apis[n % apis.length]!.dispatch(endpoint, `{"n":${n}}`);
      expect(status).toBe(202);
      ids.push(deliveryId);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return ids;
}

/** Resolves when so many deliveries of the user are held. */
async function untilHeld(api: ApiClient, count: number): Promise<void> {
  const held = async (): Promise<boolean> =>
    (await api.deliveries("status=PENDING")).filter((delivery) => delivery.next_attempt_at === null).length === count;
  await until(`${count} deliveries to be held`, held);
}

async function newReceiver(stack: AsyncDisposableStack, status: number): Promise<Receiver> {
  return stack.adopt(await startReceiver(respondWith(status)), (receiver) => receiver.close());
}

/** A user with an endpoint, as a client of each of two instances. */
async function userOfTwo(instances: Instances, receiver: Receiver): Promise<{ apis: ApiClient[]; endpoint: number }> {
  const gateways = await Promise.all([instances.gateway(), instances.gateway()]);
  const user = await ApiClient.createUser(await gateways[0].ready);
  const apis = await Promise.all(gateways.map(async (gateway) => user.at(await gateway.ready)));
  return { apis, endpoint: await apis[0]!.createEndpoint(receiver.url()) };
}

/** What several instances on one log promise; `start` gives a log of its own to each. */
export function severalInstances(
  name: string,
  start: (env?: Readonly<Record<string, string>>) => Promise<Instances>,
): void {
  // Three gateways and their server on a machine with other work to do.
  describe(`several instances on ${name}`, { timeout: 150_000 }, () => {
    it("know each other's users, endpoints and deliveries at once, and are exact together", async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      const instances = stack.use(await start());
      const gateways = await Promise.all([instances.gateway(), instances.gateway(), instances.gateway()]);
      const addresses = await Promise.all(gateways.map((gateway) => gateway.ready));
      const user = await ApiClient.createUser(addresses[0]!);
      // A key and an endpoint that another instance made a moment ago: the look-up waits for the log.
      const endpoint = await user.at(addresses[1]!).createEndpoint(receiver.url());
      const { status, deliveryId } = await user.at(addresses[2]!).dispatch(endpoint, '{"n":1}');
      expect(status).toBe(202);
      for (const address of addresses) {
        await until("the delivery", async () => (await user.at(address).delivery(deliveryId)).status === "SUCCESS");
        expect(await user.at(address).text(`/v1/deliveries/${deliveryId}/payload`)).toBe('{"n":1}');
      }

      const key = { "idempotency-key": "order-17" };
      const calls = Array.from({ length: 50 }, (_, n) => user.at(addresses[n % 3]!).dispatch(endpoint, '{"n":2}', key));
      const answers = await Promise.all(calls);
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
      expect(new Set(answers.map((answer) => answer.deliveryId)).size).toBe(1);
      expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);

      const names = Array.from({ length: 12 }, (_, n) =>
        new ApiClient(addresses[n % 3]!, "").post("/v1/users", JSON.stringify({ username: "bobby" })),
      );
      const statuses = (await Promise.all(names)).map((reply) => reply.status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([201, ...Array.from({ length: 11 }, () => 409)]);
      const spellings = ["bücher.example", "bu\u0308cher.example", "xn--bcher-kva.example"];
      const mails = Array.from({ length: 12 }, (_, n) => {
        const email = `bob@${spellings[n % 3]}`;
        return new ApiClient(addresses[n % 3]!, "").post(
          "/v1/users",
          JSON.stringify({ username: `bob_${n}_x`, email }),
        );
      });
      const ofMails = (await Promise.all(mails)).map((reply) => reply.status).toSorted((a, b) => a - b);
      expect(ofMails).toEqual(statuses);
      for (const gateway of gateways) expect(gateway.logged(({ level }) => level >= 40)).toEqual([]);
    });

    it("answer two dispatches with one Idempotency-Key at two of them with the same 202, at once", async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      const instances = stack.use(await start());
      const { apis, endpoint } = await userOfTwo(instances, receiver);
      // Both know the endpoint before they race.
      for (const api of apis) expect((await api.dispatch(endpoint, '{"n":0}')).status).toBe(202);
      for (let pair = 0; pair < PAIRS; pair += 1) {
        const key = { "idempotency-key": `order-${pair}` };
        const answers = await Promise.all(apis.map((api) => api.dispatch(endpoint, `{"n":${pair}}`, key)));
        expect(answers.map(({ status }) => status)).toEqual([202, 202]);
        expect(answers[0]!.deliveryId).toBe(answers[1]!.deliveryId);
        expect(answers.filter(({ replayed }) => replayed)).toHaveLength(1);
      }
      await apis[0]!.untilAllFinal();
      expect(receiver.requests).toHaveLength(2 + PAIRS);

      expect((await apis[0]!.remove(`/v1/endpoints/${endpoint}`)).status).toBe(204);
      const again = await apis[1]!.dispatch(endpoint, '{"n":0}', { "idempotency-key": "order-0" });
      expect(again).toMatchObject({ status: 202, replayed: true });
    });

    it(`take ${CHANGING} parallel changes of one endpoint at three of them, without an error of their own`, async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      const instances = stack.use(await start());
      const gateways = await Promise.all([instances.gateway(), instances.gateway(), instances.gateway()]);
      const user = await ApiClient.createUser(await gateways[0].ready);
      const apis = await Promise.all(gateways.map(async (gateway) => user.at(await gateway.ready)));
      const endpoint = await user.createEndpoint(receiver.url());
      const changes = Array.from({ length: CHANGING }, (_, n) =>
        apis[n % 3]!.patch(`/v1/endpoints/${endpoint}`, `{"nickname":"nickname ${n}"}`),
      );
      for (const { status, headers } of await Promise.all(changes)) {
        // On a slow machine the last of them may run out of time.
        if (status !== 200) expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
      }
      for (const gateway of gateways) expect(gateway.logged(({ level }) => level >= 50)).toEqual([]);

      // Of those with one ETag, whichever instance they ask, one is made.
      const tag = (await user.get(`/v1/endpoints/${endpoint}`)).headers.get("etag") ?? "";
      const rotations = await Promise.all(
        apis.map((api) => api.post(`/v1/endpoints/${endpoint}/secret/rotate`, "{}", { "if-match": tag })),
      );
      expect(rotations.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412]);
    });

    it("begin no attempt once one of them was told to pause, also after a crash, until any is told to resume", async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      const instances = stack.use(await start());
      const folder = stack.use(new TemporaryFolder());
      const gateways = [await instances.gateway(), await instances.gateway(folder.path)] as const;
      const user = await ApiClient.createUser(await gateways[0].ready);
      const apis = await Promise.all(gateways.map(async (gateway) => user.at(await gateway.ready)));
      const endpoint = await apis[0]!.createEndpoint(receiver.url());
      const operators = await Promise.all(
        gateways.map(async (gateway) => new ApiClient(await gateway.ready, SERVER_KEYS.OPERATOR_API_KEY)),
      );
      expect((await operators[0]!.post("/v1/admin/pause", '{"reason":"a bad deployment"}')).status).toBe(200);
      const shown = JSON.parse(await operators[1]!.text("/v1/admin/pauses")) as { data: object[] };
      expect(shown.data).toMatchObject([{ scope: "all", reason: "a bad deployment" }]);
      const ids = await dispatchAll(apis, endpoint, PAUSED);
      await untilHeld(user, PAUSED);
      await gateways[1].kill9();
      const again = await instances.gateway(folder.path);
      expect(again.logged(({ msg }) => msg === "deliveries are paused")).toHaveLength(1);
      ids.push(...(await dispatchAll([user.at(await again.ready)], endpoint, PAUSED)));
      await untilHeld(user, 2 * PAUSED);
      expect(receiver.requests).toEqual([]);

      const operator = new ApiClient(await again.ready, SERVER_KEYS.OPERATOR_API_KEY);
      expect((await operator.post("/v1/admin/resume", "{}")).status).toBe(200);
      await user.untilAllFinal();
      expect(receiver.requests.map(({ headers }) => headers["webhook-id"]).sort()).toEqual(ids.sort());
    });

    it(
      `race for ${DUE} deliveries that fall due together, and each attempt goes out once`,
      { timeout: 240_000 },
      async () => {
        await using stack = new AsyncDisposableStack();
        const receiver = await newReceiver(stack, 503);
        const instances = stack.use(await start({ RETRY_UNIT_SECONDS: "4" }));
        const gateways = await Promise.all([instances.gateway(), instances.gateway(), instances.gateway()]);
        const user = await ApiClient.createUser(await gateways[0].ready);
        const apis = await Promise.all(gateways.map(async (gateway) => user.at(await gateway.ready)));
        const endpoint = await apis[0]!.createEndpoint(receiver.url());
        await dispatchAll(apis, endpoint, DUE);
        await receiver.received(DUE);
        receiver.answer(respondWith(200));
        await user.untilAllFinal(150_000);

        const deliveries = await user.deliveries();
        expect(deliveries).toHaveLength(DUE);
        const attempts = deliveries.flatMap(({ attempt_log }) => attempt_log);
        expect(attempts.filter(({ outcome }) => outcome === "unknown")).toEqual([]);
        // A request for every attempt in the log, and no other.
        expect(receiver.requests).toHaveLength(attempts.length);
        const made = gateways.flatMap(attemptsOf).map(({ delivery, attempt }) => `${delivery} ${attempt}`);
        expect(new Set(made).size).toBe(made.length);
        expect(made).toHaveLength(attempts.length);
        const retriers = gateways.filter((gateway) => attemptsOf(gateway).some(({ attempt }) => attempt > 1));
        expect(retriers.length, "instances that took part in the retries").toBeGreaterThan(1);
      },
    );

    // Both wait for a lease, so they wait together.
    it.concurrent("take over the work of one that was killed, without its coming back", async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      receiver.answer(() => undefined);
      const instances = stack.use(await start());
      const [killed, alive] = await Promise.all([instances.gateway(), instances.gateway()]);
      const user = await ApiClient.createUser(await killed.ready);
      const endpoint = await user.createEndpoint(receiver.url());
      const ids = await dispatchAll([user], endpoint, 5);
      await receiver.received(5);
      await killed.kill9();
      receiver.answer(respondWith(200));

      const later = user.at(await alive.ready);
      await later.untilAllFinal(90_000);
      for (const id of ids) {
        const { attempt_log: attempts } = await later.delivery(id);
        expect(attempts).toMatchObject([{ outcome: "unknown" }, { outcome: "delivered" }]);
      }
      expect(receiver.requests).toHaveLength(10);
    });

    it.concurrent("refuse the late result of one that was frozen past its lease, which says so", async () => {
      await using stack = new AsyncDisposableStack();
      const receiver = await newReceiver(stack, 200);
      const answers: (() => void)[] = [];
      receiver.answer((socket, request) => answers.push(() => respondWith(200)(socket, request)));
      const instances = stack.use(await start());
      const [frozen, alive] = await Promise.all([instances.gateway(), instances.gateway()]);
      const user = await ApiClient.createUser(await frozen.ready);
      const endpoint = await user.createEndpoint(receiver.url());
      const { deliveryId } = await user.dispatch(endpoint, '{"n":1}');
      await receiver.received(1);
      frozen.freeze();
      receiver.answer(respondWith(200));

      const later = user.at(await alive.ready);
      await later.untilAllFinal(90_000);
      const before = await later.text(`/v1/deliveries/${deliveryId}`);
      expect(JSON.parse(before)).toMatchObject({
        status: "SUCCESS",
        attempt_log: [{ outcome: "unknown" }, { outcome: "delivered" }],
      });

      frozen.thaw();
      for (const answer of answers) answer();
      await until("the refusal", () => frozen.logged(({ msg }) => msg.includes("came after its lease")).length > 0);
      expect(await later.text(`/v1/deliveries/${deliveryId}`)).toBe(before);
      // It is a good member again.
      const again = user.at(await frozen.ready);
      expect((await again.dispatch(endpoint, '{"n":2}')).status).toBe(202);
      await again.untilAllFinal();
      expect(receiver.requests).toHaveLength(3);
    });
  });
}
