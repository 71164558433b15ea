import type { ReportProjection } from "../src/projections/running/projection-report.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { built } from "./built.ts";
import { round, say } from "./report.ts";
import { seedLog } from "./seed-log.ts";
import { startServer } from "./server-process.ts";
import { withFolder } from "./with-folder.ts";

/** Rebuild of all read models from a log of 100k and of 1M events, and then start-up and memory on that folder. */
export async function benchLargeLog(): Promise<void> {
  for (const events of [100_000, 1_000_000]) {
    await withFolder(async (folder) => {
      await seedLog(folder, events);
      say(`a log of ${round(events)} events`);
      await rebuild(folder, events);
      const env = { DATA_DIR: folder, LOG_LEVEL: "error" };
      const starts: number[] = [];
      let resident = 0;
      for (let i = 0; i < 3; i++) {
        const gateway = await startServer("gateway-server", env);
        starts.push(gateway.startMs);
        resident = Math.max(resident, gateway.residentMiB());
        await gateway.stop();
      }
      say(`  start to ready ${starts.map((ms) => round(ms)).join(", ")} ms, resident ${round(resident)} MiB`);
    });
  }
}

/** Each read model of deliveries alone, as a rebuild runs it, from an empty store; then its digest. */
async function rebuild(folder: string, events: number): Promise<void> {
  const { SqliteLogFollower } = await built<typeof import("../src/events/store/sqlite/reading/sqlite-log-follower.ts")>(
    "events/store/sqlite/reading/sqlite-log-follower",
  );
  const { newLogSignal } = await built<typeof import("../src/events/store/sqlite/log-signal.ts")>(
    "events/store/sqlite/log-signal",
  );
  const { SqliteDocumentStore } = await built<
    typeof import("../src/projections/store/sqlite/sqlite-document-store.ts")
  >("projections/store/sqlite/sqlite-document-store");
  const { PROJECTIONS } = await built<typeof import("../src/projections/read-models.ts")>("projections/read-models");
  const { runProjections } =
    await built<typeof import("../src/projections/running/runner.ts")>("projections/running/runner");
  const { digestOf } = await built<typeof import("../src/projections/rebuilding/model-digest.ts")>(
    "projections/rebuilding/model-digest",
  );
  const log = new SqliteLogFollower({ directory: folder, signal: newLogSignal() });
  const documents = SqliteDocumentStore.open(folder, { logId: log.logId });
  for (const projection of PROJECTIONS.filter(({ categories }) => categories?.includes("delivery") ?? true)) {
    const startedAt = performance.now();
    const live = new AbortController();
    const report: ReportProjection = (reported) => {
      if (reported.kind === "status" && reported.status.state === "live") live.abort();
    };
    await runProjections([projection], { log, documents, clock: systemClock, report }, live.signal);
    const rate = events / ((performance.now() - startedAt) / 1_000);
    const digest = await digestOf(documents, projection);
    say(`  ${projection.name.padEnd(15)} ${round(rate)} events/s, digest ${digest.slice(0, 12)}`);
  }
  say(`  resident while rebuilding ${round(process.memoryUsage.rss() / 2 ** 20)} MiB`);
  await documents.close();
  await log.close();
}
