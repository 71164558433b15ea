import { join } from "node:path";
import { CONNECTIONS, createAccount, dispatchCount, dispatchFor } from "./client.ts";
import type { Account } from "./client.ts";
import { allArrived } from "./deliver.ts";
import { withEarlierRevision } from "./earlier-revision.ts";
import { median, round, say } from "./report.ts";
import { startServer } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 11);
const SECONDS = 3;
const COUNT = 5_000;
/** Who uses no more than this of half a second has nothing to do, in ms. */
const IDLE_MS = 25;

/** What one of them did in a round. */
interface Measured {
  readonly perSecond: number;
  readonly done: number;
}

/** One round of one of them: how fast it was, and what it used for each thing that it did, in µs of processor time. */
interface Round {
  readonly perSecond: number;
  readonly processorUs: number;
}

/** One of the two programs that are compared, with its own receiver, so that both do the same. */
interface Side {
  readonly gateway: ServerProcess;
  readonly receiver: ServerProcess;
  readonly account: Account;
}

/**
 * What this tree costs against an earlier revision (BENCH_BASE): both run beside each other, and take turns, in an order
 * that changes each round. Ratios are ours to theirs, round by round.
 */
export async function benchCompare(): Promise<void> {
  const revision = process.env["BENCH_BASE"];
  if (revision === undefined) {
    say("compare: set BENCH_BASE to the revision to compare with, such as BENCH_BASE=HEAD~10");
    return;
  }
  await withEarlierRevision(revision, async (tree) => {
    const base = new URL(`file://${join(tree, "bench/gateway-server.ts")}`);
    for (const deliver of [false, true]) {
      say(
        `dispatches, deliveries ${deliver ? "running" : "off"}, ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`,
      );
      await withSides(base, deliver, (before, after) =>
        compare(before, after, async ({ gateway, account }) => {
          const { perSecond, failed } = await dispatchFor(gateway.address, account, SECONDS);
          if (failed > 0) throw new Error(`${failed} dispatches failed`);
          return { perSecond, done: perSecond * SECONDS };
        }),
      );
    }
    say(`delivered end to end, 8 fast endpoints, ${ROUNDS} rounds of ${COUNT} dispatches`);
    const acknowledged = new Map<Side, number>();
    await withSides(base, true, (before, after) =>
      compare(before, after, async (side) => {
        const done = acknowledged.get(side) ?? 0;
        const startedAt = performance.timeOrigin + performance.now();
        const taken = await dispatchCount(side.gateway.address, side.account, COUNT, done);
        acknowledged.set(side, done + taken);
        const { arrivals } = await allArrived(side.receiver, done + taken);
        const last = arrivals.reduce((latest, [, at]) => Math.max(latest, at), 0);
        return { perSecond: (taken / (last - startedAt)) * 1_000, done: taken };
      }),
    );
  });
}

/** Measures both sides in turns and reports; the first round warms both up. */
async function compare(before: Side, after: Side, measure: (side: Side) => Promise<Measured>): Promise<void> {
  const rounds: { before: Round; after: Round }[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const first = i % 2 === 0 ? await roundOf(before, measure) : null;
    const ours = await roundOf(after, measure);
    const theirs = first ?? (await roundOf(before, measure));
    if (i > 0) rounds.push({ before: theirs, after: ours });
  }
  report(rounds, ({ perSecond }) => perSecond, "/s");
  report(rounds, ({ processorUs }) => processorUs, " µs of processor time each");
}

/** Measures one round of one of them, until it has nothing left to do, so that the other one has the machine for itself. */
async function roundOf(side: Side, measure: (side: Side) => Promise<Measured>): Promise<Round> {
  const usedBefore = side.gateway.processorTime().all;
  const { perSecond, done } = await measure(side);
  await untilIdle(side.gateway);
  return { perSecond, processorUs: ((side.gateway.processorTime().all - usedBefore) / done) * 1_000 };
}

/** Resolves when a server has used next to no processor time for a while: what it accepted is delivered and projected. */
async function untilIdle(server: ServerProcess): Promise<void> {
  for (let used = -Infinity; server.processorTime().all - used > IDLE_MS;) {
    used = server.processorTime().all;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function report(
  rounds: readonly { before: Round; after: Round }[],
  figureOf: (of: Round) => number,
  unit: string,
): void {
  const before = rounds.map((it) => figureOf(it.before));
  const after = rounds.map((it) => figureOf(it.after));
  const ratios = rounds.map((it) => figureOf(it.after) / figureOf(it.before));
  say(`  before ${round(median(before))}${unit}, now ${round(median(after))}${unit}`);
  say(`  ratio  ${round(median(ratios), 2)} (${round(Math.min(...ratios), 2)} to ${round(Math.max(...ratios), 2)})`);
}

async function withSides(
  base: URL,
  deliver: boolean,
  use: (before: Side, after: Side) => Promise<void>,
): Promise<void> {
  await withSide(base, deliver, (before) => withSide("gateway-server", deliver, (after) => use(before, after)));
}

async function withSide(script: string | URL, deliver: boolean, use: (side: Side) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const receiver = await startServer("receiver-server");
    const gateway = await startServer(script, {
      DATA_DIR: folder,
      LOG_LEVEL: "error",
      DELIVERY_ALLOW_CIDRS: "127.0.0.2/32",
      BENCH_DELIVER: deliver ? "1" : "0",
    });
    const urls = Array.from({ length: 8 }, (_, i) => `${receiver.address}/${i}`);
    await use({ gateway, receiver, account: await createAccount(gateway.address, urls) });
    await Promise.all([gateway.stop(), receiver.stop()]);
  });
}
