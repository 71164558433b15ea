import { CONNECTIONS, createAccount, dispatchFor } from "./client.ts";
import type { Round } from "./client.ts";
import { median, round, say } from "./report.ts";
import { startServer } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

const ROUNDS = 9;
const SECONDS = 3;

/**
 * Acknowledged dispatches per second against a bare fastify on the same body, interleaved: with deliveries off, and
 * with deliveries to 8 fast endpoints running in the same process.
 */
export async function benchDispatch(): Promise<void> {
  for (const deliver of [false, true]) {
    await withFolder(async (folder) => {
      const env = {
        DATA_DIR: folder,
        LOG_LEVEL: "error",
        DELIVERY_ALLOW_CIDRS: "127.0.0.2/32",
        BENCH_DELIVER: deliver ? "1" : "0",
      };
      const receiver = await startServer("receiver-server");
      const baseline = await startServer("baseline-server");
      const gateway = await startServer("gateway-server", env);
      const urls = Array.from({ length: 8 }, (_, i) => `${receiver.address}/${i}`);
      const account = await createAccount(gateway.address, urls);
      const rounds: { bare: Round; ours: Round }[] = [];
      for (let i = 0; i <= ROUNDS; i++) {
        const bare = await dispatchFor(baseline.address, account, SECONDS);
        const ours = await dispatchFor(gateway.address, account, SECONDS);
        // The first round warms both up.
        if (i > 0) rounds.push({ bare, ours });
      }
      say(
        `acknowledged dispatches, deliveries ${deliver ? "running" : "off"} (median of ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections)`,
      );
      line(
        "  bare fastify",
        rounds.map(({ bare }) => bare),
      );
      line(
        "  gateway     ",
        rounds.map(({ ours }) => ours),
      );
      const ratios = rounds.map(({ bare, ours }) => ours.perSecond / bare.perSecond);
      say(
        `  ratio         ${round(median(ratios), 2)} (${round(Math.min(...ratios), 2)} to ${round(Math.max(...ratios), 2)})`,
      );
      say(`  resident      ${round(gateway.residentMiB())} MiB`);
      await Promise.all([gateway.stop(), baseline.stop(), receiver.stop()]);
    });
  }
}

function line(name: string, rounds: readonly Round[]): void {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const failed = rounds.reduce((sum, { failed: n }) => sum + n, 0);
  say(
    `${name}  ${round(of((r) => r.perSecond))}/s, p50 ${round(
      of((r) => r.p50),
      1,
    )} ms, p99 ${round(
      of((r) => r.p99),
      1,
    )} ms, failed ${failed}`,
  );
}
