import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";

/** The flags of `npm start`, for the baseline and the receiver as well. */
const FLAGS = ["--max-semi-space-size=64"];

/** Processor time of a process, in ms. */
export interface ProcessorTime {
  readonly all: number;
  /** Of its first thread, which serves requests. */
  readonly serving: number;
  /** Of the thread that used most besides: in a gateway the one that folds the log. */
  readonly folding: number;
}

/** Linux counts it in hundredths of a second for programs, whatever the kernel counts in (proc(5)). */
const TICK_MS = 10;

/** A server in a process of its own. */
export interface ServerProcess {
  readonly address: string;
  /** How long it took from the start of the process to the line with its address, in ms. */
  readonly startMs: number;
  /** Resident memory now, in MiB. */
  residentMiB(): number;
  /** Processor time so far, in ms. */
  processorTime(): ProcessorTime;
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL), as a crash does. */
  kill(): Promise<void>;
}

/** Starts `bench/<script>.ts`, or the script at a URL, and waits for the line that says where it listens. */
export async function startServer(
  script: string | URL,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const startedAt = performance.now();
  const path = (typeof script === "string" ? new URL(`${script}.ts`, import.meta.url) : script).pathname;
  const child = spawn(process.execPath, [...FLAGS, path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let address = "";
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as { address?: string };
    if (said.address === undefined) continue;
    address = said.address;
    break;
  }
  child.stdout.resume();
  if (address === "") throw new Error(`${path} ended before it listened`);
  const { pid } = child;
  return {
    address,
    startMs: performance.now() - startedAt,
    residentMiB: () => {
      const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return Number(kib) / 1024;
    },
    processorTime: () => processorTimeOf(pid!),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function processorTimeOf(pid: number): ProcessorTime {
  const usedBy = (stat: string): number => {
    const fields = readFileSync(stat, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  };
  const others = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== String(pid));
  return {
    all: usedBy(`/proc/${pid}/stat`),
    serving: usedBy(`/proc/${pid}/task/${pid}/stat`),
    folding: Math.max(...others.map((thread) => usedBy(`/proc/${pid}/task/${thread}/stat`))),
  };
}
