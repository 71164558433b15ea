import { createAccount, dispatchBody, dispatchCount } from "./client.ts";
import { median, quantile, round, say } from "./report.ts";
import { startServer } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

const ROUNDS = 3;
const COUNT = 20_000;
const PACE = { perSecond: 300, seconds: 10 };

interface Arrivals {
  readonly repeated: number;
  readonly arrivals: readonly (readonly [number, number])[];
}

/** Deliveries per second end to end with 8 fast endpoints, and how long after its 202 a delivery arrives at 300/s. */
export async function benchDeliver(): Promise<void> {
  await withGateway(async (gateway, receiver) => {
    const account = await createAccount(gateway.address, urlsOf(receiver));
    const rates: number[] = [];
    let acknowledged = 0;
    let arrived: Arrivals = { repeated: 0, arrivals: [] };
    for (let i = 0; i <= ROUNDS; i++) {
      const startedAt = performance.timeOrigin + performance.now();
      acknowledged += await dispatchCount(gateway.address, account, COUNT, i * COUNT);
      arrived = await allArrived(receiver, acknowledged);
      const last = arrived.arrivals.reduce((latest, [, at]) => Math.max(latest, at), 0);
      // The first round warms all of them up.
      if (i > 0) rates.push((COUNT / (last - startedAt)) * 1_000);
    }
    const lost = acknowledged - arrived.arrivals.length;
    say(`delivered end to end, 8 fast endpoints (median of ${ROUNDS} rounds of ${round(COUNT)} dispatches)`);
    say(`  ${round(median(rates))}/s (${rates.map((rate) => round(rate)).join(", ")})`);
    say(`  of ${round(acknowledged)} acknowledged ${lost} lost, ${arrived.repeated} doubled`);
  });
  await withGateway(benchLatency);
}

async function benchLatency(gateway: ServerProcess, receiver: ServerProcess): Promise<void> {
  const { apiKey, endpointIds } = await createAccount(gateway.address, urlsOf(receiver));
  const headers = { "content-type": "application/json", "x-api-key": apiKey };
  const accepted = new Map<number, number>();
  const dispatches: Promise<void>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < PACE.perSecond * PACE.seconds; n++) {
    const wait = beganAt + (n * 1_000) / PACE.perSecond - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const body = dispatchBody(endpointIds[n % endpointIds.length]!, n);
    const dispatch = fetch(`${gateway.address}/v1/dispatch`, { method: "POST", headers, body }).then(async (reply) => {
      accepted.set(n, performance.timeOrigin + performance.now());
      await reply.arrayBuffer();
    });
    dispatches.push(dispatch);
  }
  await Promise.all(dispatches);
  const { arrivals } = await allArrived(receiver, dispatches.length);
  // A receiver may have it before the client has read its 202: that counts as no time at all.
  const waits = arrivals.map(([n, at]) => Math.max(0, at - accepted.get(n)!));
  say(`accepted to received at ${PACE.perSecond}/s for ${PACE.seconds} s`);
  say(
    `  p50 ${round(quantile(waits, 0.5), 1)} ms, p99 ${round(quantile(waits, 0.99), 1)} ms, max ${round(Math.max(...waits), 1)} ms`,
  );
}

function urlsOf(receiver: ServerProcess): string[] {
  return Array.from({ length: 8 }, (_, i) => `${receiver.address}/${i}`);
}

async function withGateway(use: (gateway: ServerProcess, receiver: ServerProcess) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const receiver = await startServer("receiver-server");
    const env = { DATA_DIR: folder, LOG_LEVEL: "error", DELIVERY_ALLOW_CIDRS: "127.0.0.2/32" };
    const gateway = await startServer("gateway-server", env);
    await use(gateway, receiver);
    await Promise.all([gateway.stop(), receiver.stop()]);
  });
}

/** Asks the receiver, rarely, until so many different payloads have come, or nothing more has come for 10 s. */
export async function allArrived(receiver: ServerProcess, expected: number): Promise<Arrivals> {
  let before = -1;
  for (let still = 0; still < 20;) {
    const { count } = await ask<{ count: number }>(`${receiver.address}/count`);
    if (count >= expected) break;
    still = count === before ? still + 1 : 0;
    before = count;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return ask<Arrivals>(`${receiver.address}/arrivals`);
}

async function ask<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}
