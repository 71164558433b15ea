/**
 * Where should the writer of the embedded log run: in the thread that serves, or in one of its own?
 *
 *   node bench/append.ts [--rounds 5] [--appends 20000] [--directory /tmp]
 *
 * Closed loop: so many callers each append one event of about 1 KB to a new stream, wait until it is durable, and do it
 * again, each in a turn of its own; once bare, and once with 40 µs of other work before each append, about what an HTTP
 * request costs. Both ways use the same queue and the same group commit. The rounds of the two ways alternate; the
 * medians are printed.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { parseArgs } from "node:util";
import { v7 as uuidv7 } from "uuid";
import { prepareAppend } from "../src/events/store/append/prepared-append.ts";
import type { AppendResult, EventToAppend, ExpectedRevision } from "../src/events/store/event-store.ts";
import { SqliteEventStore } from "../src/events/store/sqlite/sqlite-event-store.ts";
import { groupOf } from "../src/events/store/sqlite/writing/append-group.ts";
import { AppendQueue } from "../src/events/store/sqlite/writing/append-queue.ts";
import { SqliteLog } from "../src/events/store/sqlite/writing/sqlite-log.ts";

interface Appender {
  append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult>;
  close(): Promise<void>;
}

interface Figures {
  /** Appends a second. */
  rate: number;
  /** Milliseconds from the call to the acknowledgement. */
  p50: number;
  p99: number;
  /** Milliseconds that the event loop was late. */
  loopP99: number;
  loopMax: number;
  /** Microseconds of CPU time of the calling thread for each append, the caller's own loop included. */
  cpu: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    appends: { type: "string", default: "20000" },
    directory: { type: "string", default: tmpdir() },
  },
});
const rounds = Number(values.rounds);
const appendsPerRound = Number(values.appends);

const ways: Record<string, (directory: string) => Promise<Appender>> = {
  inline: async (directory) => openInline(directory),
  thread: (directory) => SqliteEventStore.open({ directory }),
};

/** The same queue, but each group is committed in this thread, in a turn of its own so that others get theirs. */
function openInline(directory: string): Appender {
  const log = new SqliteLog(directory, { now: () => Date.now() });
  const queue = new AppendQueue((group) => {
    setImmediate(() => {
      queue.settle(log.appendGroup(group));
      log.checkpointWhenDue();
    });
  });
  return {
    append: async (stream, events, expected) => queue.add(prepareAppend(stream, events, expected)),
    close: async () => log.close(),
  };
}

function newEvent(): EventToAppend {
  const id = randomUUID();
  return {
    id,
    type: "DeliveryRequested",
    data: { deliveryId: id, endpointId: 1, userId: 1, payload: "x".repeat(800) },
    metadata: { $correlationId: id, $causationId: id, actor: "user:1", schemaVersion: 1 },
  };
}

/** Keeps the thread busy, as parsing and validating a request would. */
function work(microseconds: number): void {
  const end = performance.now() + microseconds / 1000;
  while (performance.now() < end);
}

async function inFolder<T>(run: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(values.directory, "bench-append-"));
  try {
    return await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  open: (directory: string) => Promise<Appender>,
  callers: number,
  other: number,
): Promise<Figures> {
  return inFolder(async (directory) => {
    const store = await open(directory);
    const latencies: number[] = [];
    let started = 0;
    const caller = async (): Promise<void> => {
      while (started < appendsPerRound) {
        started += 1;
        // A request comes in through the event loop; without this all callers would act in one go and wait in one go.
        await nextTurn();
        if (other > 0) work(other);
        const start = performance.now();
        await store.append(`delivery-${uuidv7()}`, [newEvent()], "no_stream");
        latencies.push(performance.now() - start);
      }
    };
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const before = process.threadCpuUsage();
    const start = performance.now();
    await Promise.all(Array.from({ length: callers }, caller));
    const elapsed = performance.now() - start;
    const { user, system } = process.threadCpuUsage(before);
    delay.disable();
    await store.close();
    latencies.sort((a, b) => a - b);
    return {
      rate: (latencies.length / elapsed) * 1000,
      p50: latencies[Math.floor(latencies.length * 0.5)]!,
      p99: latencies[Math.floor(latencies.length * 0.99)]!,
      loopP99: delay.percentile(99) / 1e6,
      loopMax: delay.max / 1e6,
      cpu: (user + system) / latencies.length,
    };
  });
}

/** Events a second of the synchronous core alone, so many one-event appends a commit. */
async function measureCore(perCommit: number): Promise<number> {
  return inFolder(async (directory) => {
    const log = new SqliteLog(directory, { now: () => Date.now() });
    const groups = Array.from({ length: Math.ceil(appendsPerRound / perCommit) }, () =>
      groupOf(
        Array.from({ length: perCommit }, () => prepareAppend(`delivery-${uuidv7()}`, [newEvent()], "no_stream")),
      ),
    );
    const start = performance.now();
    for (const group of groups) {
      if (log.appendGroup(group).kind !== "committed") throw new Error("the core could not commit");
      log.checkpointWhenDue();
    }
    const elapsed = performance.now() - start;
    log.close();
    return (groups.length * perCommit * 1000) / elapsed;
  });
}

/** Microseconds of CPU time of the calling thread to check, serialise, group and post one append. */
function measurePreparation(): number {
  const events = Array.from({ length: appendsPerRound }, newEvent);
  const { port1, port2 } = new MessageChannel();
  const before = process.threadCpuUsage();
  for (let first = 0; first < events.length; first += 64) {
    const some = events.slice(first, first + 64);
    port1.postMessage(groupOf(some.map((event) => prepareAppend(`delivery-${event.id}`, [event], "no_stream"))));
  }
  const { user, system } = process.threadCpuUsage(before);
  port1.close();
  port2.close();
  return (user + system) / events.length;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function show(label: string, figures: readonly Figures[]): Figures {
  const of = (name: keyof Figures): number => median(figures.map((one) => one[name]));
  const result = {
    rate: of("rate"),
    p50: of("p50"),
    p99: of("p99"),
    loopP99: of("loopP99"),
    loopMax: of("loopMax"),
    cpu: of("cpu"),
  };
  console.log(
    `${label.padEnd(34)} ${result.rate.toFixed(0).padStart(7)}/s  p50 ${result.p50.toFixed(2).padStart(6)} ms` +
      `  p99 ${result.p99.toFixed(2).padStart(6)} ms  loop late p99 ${result.loopP99.toFixed(2).padStart(6)} ms` +
      `  max ${result.loopMax.toFixed(1).padStart(6)} ms  this thread ${result.cpu.toFixed(1).padStart(5)} µs an append`,
  );
  return result;
}

console.log(
  `node ${process.version}, ${availableParallelism()} cores, ${values.directory}, ${rounds} rounds of ${appendsPerRound} appends`,
);
measurePreparation();
console.log(`check, serialise, group and post one append: ${measurePreparation().toFixed(1)} µs of CPU`);
for (const perCommit of [1, 64, 256]) {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) rates.push(await measureCore(perCommit));
  console.log(`core alone, ${perCommit} a commit: ${median(rates).toFixed(0)} events/s`);
}
for (const other of [0, 40]) {
  for (const callers of [64, 256]) {
    const figures: Record<string, Figures[]> = { inline: [], thread: [] };
    for (let round = -1; round < rounds; round += 1) {
      for (const [way, open] of Object.entries(ways)) {
        const result = await measure(open, callers, other);
        if (round >= 0) figures[way]!.push(result); // The first round warms up.
      }
    }
    const inline = show(`inline, ${callers} callers, ${other} µs other work`, figures["inline"]!);
    const thread = show(`thread, ${callers} callers, ${other} µs other work`, figures["thread"]!);
    console.log(
      `${"thread / inline".padEnd(34)} rate ${(thread.rate / inline.rate).toFixed(2)}  p99 ${(thread.p99 / inline.p99).toFixed(2)}` +
        `  loop late p99 ${(thread.loopP99 / inline.loopP99).toFixed(2)}  this thread ${(thread.cpu / inline.cpu).toFixed(2)}`,
    );
  }
}
