import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { GatewayProcess, LogLine } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import type { Receiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";
import { ConstantLoad } from "./constant-load.ts";
import { Instances } from "./instances.ts";
import { expectPromisesKept } from "./promises-kept.ts";
import type { Outcome } from "./promises-kept.ts";
import { until } from "../fixtures/until.ts";

/** Longer than the lease of an attempt; OUTAGE_SECONDS=60 makes it what the operators' pages speak of. */
const OUTAGE_MS = Number(process.env["OUTAGE_SECONDS"] ?? 13) * 1_000;
/**
 * A server that stands still for so long costs nobody anything but the wait. It may for 3 s, which stalled-log.test.ts shows
 * over a clock of its own; here a busy machine adds to it.
 */
const STALL_MS = 2_000;

/** A gateway under load. */
interface Underway {
  readonly instances: Instances;
  readonly gateway: GatewayProcess;
  readonly address: string;
  readonly receiver: Receiver;
  readonly load: ConstantLoad;
  /** Ends the load, waits until every delivery is final, and holds it against the promises. */
  readonly outcome: () => Promise<Outcome>;
}

/** Starts one, and resolves when 200 deliveries have arrived and nothing was said of any trouble. */
async function underLoad(stack: AsyncDisposableStack): Promise<Underway> {
  const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
  const instances = stack.use(await Instances.start());
  const gateway = await instances.gateway();
  const address = await gateway.ready;
  const user = await ApiClient.createUser(address);
  const load = new ConstantLoad(user, await user.createEndpoint(receiver.url()));
  await receiver.received(200);
  expect(troublesOf(gateway)).toEqual([]);
  return {
    instances,
    gateway,
    address,
    receiver,
    load,
    outcome: async () => {
      await load.stop();
      return expectPromisesKept(load.dispatches, user, receiver.requests, 60_000);
    },
  };
}

function troublesOf(gateway: GatewayProcess): LogLine[] {
  return gateway.logged(({ level }) => level >= 40);
}

async function untilDispatchesGoOn({ dispatches }: ConstantLoad): Promise<void> {
  const before = dispatches.acknowledged.size;
  await until("dispatches to be taken again", () => dispatches.acknowledged.size > before + 200, 60_000);
}

describe(`when the log's server stands still for ${STALL_MS / 1_000} s under load`, () => {
  it("no client is told so, no attempt lapses, and no line is written", { timeout: 120_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { instances, gateway, load, outcome } = await underLoad(stack);
    instances.log.freeze();
    await pause(STALL_MS);
    expect(load.underway, "requests that wait for the log").toBeGreaterThan(0);
    instances.log.thaw();
    await untilDispatchesGoOn(load);

    const { duplicates, unknown } = await outcome();
    expect(load.refused).toEqual([]);
    expect({ duplicates, unknown }).toEqual({ duplicates: 0, unknown: 0 });
    expect(troublesOf(gateway)).toEqual([]);
    expect(await gateway.terminate()).toBe(0);
  });
});

type Step = (instances: Instances) => Promise<void> | void;
const OUTAGES: readonly (readonly [string, Step, Step])[] = [
  ["kills it and starts it again", ({ log }) => log.kill9(), (instances) => instances.restartLog()],
  ["freezes it until it wakes up", ({ log }) => log.freeze(), ({ log }) => log.thaw()],
];

describe("an outage of the log's server under load", () => {
  // Most of this is waiting for the end of the outage and of leases, so they wait together.
  it.concurrent.each(OUTAGES)(
    "that %s: clients get 503 in time, nothing acknowledged is lost or doubled, and no restart is needed",
    { timeout: 2 * OUTAGE_MS + 120_000 },
    async (_name, begin, end) => {
      await using stack = new AsyncDisposableStack();
      const { instances, gateway, address, load, outcome } = await underLoad(stack);
      await begin(instances);
      await until("a refusal", () => load.dispatches.refused.length > 0);
      expect((await fetch(`${address}/livez`)).status).toBe(200);
      await until("the gateway to know", async () => (await fetch(`${address}/readyz`)).status === 503);
      await pause(OUTAGE_MS);
      // Everybody who asks is answered while the server is gone: nobody waits for its return.
      await load.answered();
      const toldOfOutage = gateway.logged(({ msg }) => msg === "the event log's server cannot be reached");
      expect(toldOfOutage).toHaveLength(1);
      await end(instances);
      await untilDispatchesGoOn(load);
      await until("the gateway to be ready", async () => (await fetch(`${address}/readyz`)).status === 200);

      const { duplicates } = await outcome();
      expect(duplicates).toBe(0);
      for (const refusal of load.refused) expect(refusal).toEqual({ status: 503, retryAfter: "1" });
      expect(load.refusedReads).not.toEqual([]);
      expectCalm(troublesOf(gateway));
      expect(await gateway.terminate()).toBe(0);
    },
  );
});

/**
 * The kinds of trouble that an outage may bring, at the most: of the server, of requests, of attempts that could not be claimed,
 * recorded or made, of the to-do list, of what waits for endpoints, of endpoints that fail, and of a projection.
 */
const KINDS = 8;

/** How many parts of the program may speak of the same trouble, each for itself. */
const SPEAKERS = 2;

/**
 * One line of each trouble when it begins, and one a second at the most while it lasts. The lines have the times of the
 * gateway's own clock, so this holds however slow the machine is.
 */
function expectCalm(lines: readonly LogLine[]): void {
  const troubles = Map.groupBy(lines, ({ msg }) => msg);
  const told = JSON.stringify([...troubles].map(([msg, { length }]) => `${length} ${msg}`));
  expect(troubles.size, told).toBeLessThanOrEqual(KINDS);
  for (const [msg, ofTrouble] of troubles) {
    const times = ofTrouble.map(({ time }) => Number(time));
    const seconds = Math.floor((times.at(-1)! - times[0]!) / 1_000);
    expect(ofTrouble.length, msg).toBeLessThanOrEqual(SPEAKERS * (seconds + 1));
  }
}
