import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { withEarlierRevision } from "./earlier-revision.ts";
import { median, round, say } from "./report.ts";
import { seedLog } from "./seed-log.ts";
import { withFolder } from "./with-folder.ts";

/** BENCH_EVENTS makes it less, for a first look; each command starts a process, which counts. */
const EVENTS = Number(process.env["BENCH_EVENTS"] ?? 300_000);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const ROOT = new URL("..", import.meta.url).pathname;
/** Has a command say how much memory it had at most, in KiB, and how much processor time it took, in µs. */
const TELL =
  "data:text/javascript,process.on('exit',()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();" +
  "process.stderr.write('took '+maxRSS+' '+(userCPUTime+systemCPUTime)+'\\n')})";

const COMMANDS = ["export", "verify", "import"] as const;
/** What a command took. */
interface Taken {
  readonly perSecond: number;
  /** Processor time an event, in µs. */
  readonly micros: number;
  readonly peakMiB: number;
}
type Figures = Record<(typeof COMMANDS)[number], Taken>;

/**
 * Events a second of `export`, `verify` and `import` (checked, written and read back) as processes of their own, and their
 * processor time and memory: over the embedded log, and over the server that TEST_EVENTSTORE_URL names. With BENCH_BASE, an earlier
 * revision, both take turns over the embedded log; ratios are ours to theirs, round by round.
 */
export async function benchTransfer(): Promise<void> {
  await withFolder(async (folder) => {
    const log = join(folder, "log");
    await seedLog(log, EVENTS);
    say(`export, verify and import of about ${round(EVENTS)} events, ${ROUNDS} rounds`);
    const base = process.env["BENCH_BASE"];
    if (base === undefined) await overEmbeddedLog(folder, [ROOT]);
    else await withEarlierRevision(base, (tree) => overEmbeddedLog(folder, [ROOT, tree]));
    await overServer(folder);
  });
}

async function overEmbeddedLog(folder: string, trees: readonly string[]): Promise<void> {
  const rounds: Figures[][] = trees.map(() => []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const at of i % 2 === 0 ? [...trees.keys()] : [...trees.keys()].reverse()) {
      rounds[at]!.push(await measure(trees[at]!, folder));
      rmSync(join(folder, "copy"), { recursive: true });
    }
  }
  say("  embedded log");
  for (const command of COMMANDS) {
    const [ours, theirs] = rounds.map((figures) => figures.map((it) => it[command]));
    report(command, ours!);
    if (theirs === undefined) continue;
    report("  before", theirs);
    for (const figure of ["perSecond", "micros"] as const) {
      const ratios = ours!.map((it, index) => it[figure] / theirs[index]![figure]);
      const range = `${round(Math.min(...ratios), 2)} to ${round(Math.max(...ratios), 2)}`;
      say(
        `      ratio of ${figure === "micros" ? "processor time" : "events/s"} ${round(median(ratios), 2)} (${range})`,
      );
    }
  }
}

function report(command: string, taken: readonly Taken[]): void {
  const of = (figure: keyof Taken): string => round(median(taken.map((it) => it[figure])));
  say(`    ${command.padEnd(8)} ${of("perSecond")} events/s, ${of("micros")} µs an event, peak ${of("peakMiB")} MiB`);
}

/** Once, under a prefix of its own: what a first round leaves there would slow down the next ones. */
async function overServer(folder: string): Promise<void> {
  const url = process.env["TEST_EVENTSTORE_URL"];
  if (url === undefined) {
    say("  EventStoreDB: skipped, TEST_EVENTSTORE_URL names none");
    return;
  }
  const server = {
    EVENTSTORE_URL: url,
    EVENTSTORE_STREAM_PREFIX: `bench_${randomBytes(6).toString("hex")}.`,
    MASTER_KEY: randomBytes(32).toString("base64"),
    OPERATOR_API_KEY: randomUUID(),
    AUDITOR_API_KEY: randomUUID(),
    DATA_DIR: join(folder, "none"),
  };
  const file = join(folder, "log.ndjson");
  const embedded = { DATA_DIR: join(folder, "log") };
  await run(ROOT, ["export", "--output", file], embedded);
  const imported = await run(ROOT, ["import", "--input", file], server);
  const exported = await run(ROOT, ["export", "--output", join(folder, "again.ndjson")], server);
  const verified = await run(ROOT, ["verify"], server);
  say("  EventStoreDB");
  report("export", [exported]);
  report("verify", [verified]);
  report("import", [imported]);
}

type Environment = Readonly<Record<string, string>>;

/** All three over the embedded log: from the one that was seeded to one that is empty. */
async function measure(tree: string, folder: string): Promise<Figures> {
  const [from, to] = [{ DATA_DIR: join(folder, "log") }, { DATA_DIR: join(folder, "copy") }];
  const file = join(folder, "log.ndjson");
  return {
    export: await run(tree, ["export", "--output", file], from),
    verify: await run(tree, ["verify"], from),
    import: await run(tree, ["import", "--input", file], to),
  };
}

async function run(tree: string, args: readonly string[], env: Environment): Promise<Taken> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--import", TELL, join(tree, "dist/main.js"), ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${String(code)}: ${stderr}`);
  const [, kibibytes, micros] = /took (\d+) (\d+)/.exec(stderr) ?? [];
  return {
    perSecond: EVENTS / ((performance.now() - startedAt) / 1_000),
    micros: Number(micros) / EVENTS,
    peakMiB: Number(kibibytes) / 1_024,
  };
}
