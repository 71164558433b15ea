import { backupCommand } from "./backup.ts";
import type { Command } from "./command.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { rebuildCommand } from "./rebuild.ts";
import { replayCommand } from "./replay.ts";
import { serveCommand } from "./serve.ts";
import { verifyCommand } from "./verify.ts";

/** Every command, in the order of the help. The first is meant where none is named. */
export const COMMANDS: readonly [Command, ...Command[]] = [
  serveCommand,
  backupCommand,
  exportCommand,
  importCommand,
  rebuildCommand,
  replayCommand,
  verifyCommand,
];
