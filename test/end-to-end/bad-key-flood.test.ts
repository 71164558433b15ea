import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { until } from "../fixtures/until.ts";

/** How many requests with wrong keys are under way all the time. */
const FLOOD = 50;
const DISPATCHES = 100;

/** Sends wrong keys as fast as it gets answers, until it is told to stop, and counts the answers by status. */
class Flood {
  readonly answers = new Map<number, number>();
  retryAfter = "";
  #ended = false;
  readonly #senders: Promise<void>[];

  constructor(address: string) {
    this.#senders = Array.from({ length: FLOOD }, () => this.#send(address));
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#senders);
  }

  async #send(address: string): Promise<void> {
    while (!this.#ended) {
      const reply = await fetch(`${address}/v1/users/me`, { headers: { "x-api-key": randomUUID() } });
      await reply.arrayBuffer();
      this.retryAfter = reply.headers.get("retry-after") ?? this.retryAfter;
      this.answers.set(reply.status, (this.answers.get(reply.status) ?? 0) + 1);
    }
  }
}

/** Gives how many minutes have begun since this call: the present one and each that began later. */
function minuteCounter(): () => number {
  const minute = (): number => Math.floor(Date.now() / 60_000);
  const first = minute();
  return () => minute() - first + 1;
}

it("lets a client work from the same address as one that floods it with wrong keys", async () => {
  using folder = new TemporaryFolder();
  await using stack = new AsyncDisposableStack();
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  await using gateway = await GatewayProcess.start(folder.path);
  const address = await gateway.ready;
  const api = await ApiClient.createUser(address);
  const endpoint = await api.createEndpoint(receiver.url());
  /** The statuses of so many dispatches, one after the other. */
  const work = async (): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < DISPATCHES; n += 1) statuses.push((await api.dispatch(endpoint, `{"n":${n}}`)).status);
    return statuses;
  };

  const alone = await work();
  const minutesBegun = minuteCounter();
  const flood = new Flood(address);
  await until("the flood to be refused", () => (flood.answers.get(429) ?? 0) > 0);
  const refusedBefore = flood.answers.get(429) ?? 0;
  const beside = await work();
  const refusedBeside = (flood.answers.get(429) ?? 0) - refusedBefore;
  // One who comes new beside the flood is let in too.
  const other = await ApiClient.createUser(address, "newcomer");
  expect((await other.list()).status).toBe(200);
  await flood.stop();

  console.log(`${DISPATCHES} dispatches beside ${refusedBeside} wrong keys that were refused without a look`);
  expect(new Set([...alone, ...beside])).toEqual(new Set([202]));
  // The flood went on beside them, and neither kept the other from being answered.
  expect(refusedBeside).toBeGreaterThan(FLOOD);
  // Twenty a minute, however many minutes this took.
  expect(flood.answers.get(400)).toBeGreaterThanOrEqual(20);
  expect(flood.answers.get(400)).toBeLessThanOrEqual(20 * minutesBegun());
  expect([...flood.answers.keys()].sort()).toEqual([400, 429]);
  expect(Number(flood.retryAfter)).toBeGreaterThanOrEqual(1);
  expect(Number(flood.retryAfter)).toBeLessThanOrEqual(60);
  await receiver.received(2 * DISPATCHES);
});
