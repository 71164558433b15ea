#!/usr/bin/env node
import "reflect-metadata";
import { runCommandLine } from "./cli/run.ts";

const failure = await runCommandLine(process.argv.slice(2), (text) => process.stdout.write(text));
if (failure !== null) {
  process.stderr.write(`${failure.line}\n`);
  process.exit(failure.exitCode);
}
