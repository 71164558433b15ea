#!/usr/bin/env node
import { nodeVersionProblem } from "./cli/node-version.ts";

// Without a listener Node opens its debugger on this signal, to every program of the machine.
process.on("SIGUSR1", () => undefined);

const problem = nodeVersionProblem(process.versions.node);
if (problem !== null) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

// Imported only now: static imports are loaded before the first statement, and an older Node fails in them.
await import("reflect-metadata");
const { runCommandLine } = await import("./cli/run.ts");
const { standardOutput } = await import("./cli/standard-output.ts");

// Standard error that is closed or full leaves nobody to tell; what was asked for is done all the same.
process.stderr.on("error", () => undefined);

const failure = await runCommandLine(process.argv.slice(2), (text) => standardOutput()(text));
if (failure !== null) {
  process.stderr.write(`${failure.line}\n`);
  process.exit(failure.exitCode);
}
