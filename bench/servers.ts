import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccount, dispatchCount } from "./client.ts";
import type { Account } from "./client.ts";
import { allArrived } from "./deliver.ts";
import { withEarlierRevision } from "./earlier-revision.ts";
import { median, round, say } from "./report.ts";
import { startServer } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const COUNT = 5_000;
const CONNECTIONS = 64;
const NOW = new URL("gateway-server.ts", import.meta.url);

/** What a round took. Processor times are in ms a delivery. */
interface Figures {
  readonly acknowledged: number;
  readonly delivered: number;
  readonly gateway: number;
  readonly serving: number;
  readonly folding: number;
}

/** A gateway with its own receiver; all sides take turns. */
interface Side {
  readonly name: string;
  readonly gateway: ServerProcess;
  readonly receiver: ServerProcess;
  readonly account: Account;
  readonly rounds: Figures[];
}

/**
 * What the log on EventStoreDB (TEST_EVENTSTORE_URL) costs against the embedded one, and against an earlier revision on the
 * same server where BENCH_BASE names one: dispatches and deliveries a second and the gateway's processor time, in turns.
 * A revision that knows no prefix cannot share a database: BENCH_BASE_EVENTSTORE_URL names a second server for it.
 */
export async function benchServers(): Promise<void> {
  const url = process.env["TEST_EVENTSTORE_URL"];
  if (url === undefined) {
    say("servers: set TEST_EVENTSTORE_URL to an EventStoreDB, such as esdb://127.0.0.1:2113?tls=false");
    return;
  }
  const base = process.env["BENCH_BASE"];
  if (base === undefined) await compare(url, null);
  else await withEarlierRevision(base, (tree) => compare(url, tree));
}

async function compare(url: string, earlier: string | null): Promise<void> {
  const onServer = {
    EVENTSTORE_URL: url,
    EVENTSTORE_STREAM_PREFIX: `bench_${randomUUID().replaceAll("-", "")}.`,
    OPERATOR_API_KEY: randomUUID(),
    AUDITOR_API_KEY: randomUUID(),
    MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
  };
  await using stack = new AsyncDisposableStack();
  const embedded = await newSide(stack, "embedded log", NOW, {});
  const server = await newSide(stack, "EventStoreDB", NOW, onServer);
  const sides = [embedded, server];
  if (earlier !== null) {
    const script = new URL(`file://${join(earlier, "bench/gateway-server.ts")}`);
    sides.push(
      await newSide(stack, "EventStoreDB, before", script, {
        ...onServer,
        EVENTSTORE_URL: process.env["BENCH_BASE_EVENTSTORE_URL"] ?? url,
      }),
    );
  }
  say(`dispatched and delivered, ${ROUNDS} rounds of ${round(COUNT)}, ${CONNECTIONS} connections (medians)`);
  for (let i = 0; i <= ROUNDS; i++) {
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      const figures = await measure(side, i * COUNT);
      // The first round warms all of them up.
      if (i > 0) side.rounds.push(figures);
    }
  }
  for (const side of sides) report(side);
  ratio("processor time a delivery, EventStoreDB to embedded", server, embedded, "gateway");
  const [, , before] = sides;
  if (before === undefined) return;
  ratio("acknowledged/s, now to before", server, before, "acknowledged");
  ratio("delivered/s, now to before", server, before, "delivered");
  ratio("processor time a delivery, now to before", server, before, "gateway");
}

async function measure({ gateway, receiver, account }: Side, first: number): Promise<Figures> {
  const before = gateway.processorTime();
  const startedAt = performance.timeOrigin + performance.now();
  const acknowledged = await dispatchCount(gateway.address, account, COUNT, first, CONNECTIONS);
  const answeredAt = performance.timeOrigin + performance.now();
  if (acknowledged < COUNT) throw new Error(`${COUNT - acknowledged} dispatches were not acknowledged`);
  const { arrivals } = await allArrived(receiver, first + COUNT);
  const last = arrivals.reduce((latest, [, at]) => Math.max(latest, at), 0);
  // What was delivered is recorded, and folded, a moment later.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const after = gateway.processorTime();
  const each = (part: keyof typeof after): number => (after[part] - before[part]) / COUNT;
  return {
    acknowledged: (COUNT / (answeredAt - startedAt)) * 1_000,
    delivered: (COUNT / (last - startedAt)) * 1_000,
    gateway: each("all"),
    serving: each("serving"),
    folding: each("folding"),
  };
}

function report({ name, rounds }: Side): void {
  const figure = (part: keyof Figures, digits = 0): string => round(median(rounds.map((it) => it[part])), digits);
  say(
    `  ${name}: ${figure("acknowledged")} acknowledged/s, ${figure("delivered")} delivered/s, gateway ` +
      `${figure("gateway", 2)} ms a delivery (serving ${figure("serving", 2)}, folding ${figure("folding", 2)})`,
  );
}

function ratio(what: string, ours: Side, theirs: Side, part: keyof Figures): void {
  const ratios = ours.rounds.map((figures, i) => figures[part] / theirs.rounds[i]![part]);
  say(`  ${what}: ${round(median(ratios), 2)} (${round(Math.min(...ratios), 2)} to ${round(Math.max(...ratios), 2)})`);
}

async function newSide(
  stack: AsyncDisposableStack,
  name: string,
  script: URL,
  env: Readonly<Record<string, string>>,
): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), "webhook-gateway-bench-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const receiver = await startServer("receiver-server");
  stack.defer(() => receiver.stop());
  const settings = { DATA_DIR: folder, LOG_LEVEL: "error", DELIVERY_ALLOW_CIDRS: "127.0.0.2/32", ...env };
  // A revision that cannot live with a new database can with one that it was started on before.
  for (let tries = 0; ; tries++) {
    const gateway = await startServer(script, settings);
    try {
      const urls = Array.from({ length: 8 }, (_, i) => `${receiver.address}/${i}`);
      const account = await createAccount(gateway.address, urls);
      stack.defer(() => gateway.stop());
      return { name, gateway, receiver, account, rounds: [] };
    } catch (error) {
      await gateway.stop();
      if (tries === 3) throw error;
    }
  }
}
