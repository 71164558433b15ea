import type { Subcommand } from "./subcommand.ts";

/** Each command, in the order of the help. The first one runs when none is named. */
export const COMMANDS: readonly [Subcommand, ...Subcommand[]] = [
  {
    name: "serve",
    summary: "Takes payloads over HTTP and delivers them, until a signal ends it.",
    failure: "cannot start",
    define: async (command) => (await import("./serve.ts")).defineServe(command),
  },
  {
    name: "backup",
    summary: "Copies the event log of DATA_DIR into a file, also while in use.",
    failure: "cannot back up",
    define: async (command) => (await import("./backup.ts")).defineBackup(command),
  },
  {
    name: "export",
    summary: "Writes the event log as NDJSON, with a digest in the last line.",
    failure: "cannot export",
    define: async (command) => (await import("./export.ts")).defineExport(command),
  },
  {
    name: "import",
    summary: "Makes the event log from what export wrote, and compares digests.",
    failure: "cannot import",
    define: async (command) => (await import("./import.ts")).defineImport(command),
  },
  {
    name: "rebuild",
    summary: "Makes read models again from the event log, beside the live ones.",
    failure: "cannot rebuild",
    define: async (command) => (await import("./rebuild.ts")).defineRebuild(command),
  },
  {
    name: "replay",
    summary: "Tells a delivery's history from the event log, step by step.",
    failure: "cannot replay",
    define: async (command) => (await import("./replay.ts")).defineReplay(command),
  },
  {
    name: "status",
    summary: "Shows how a running gateway is: what is due, held, failing or behind.",
    failure: "cannot show the status",
    define: async (command) => (await import("./status.ts")).defineStatus(command),
  },
  {
    name: "verify",
    summary: "Recomputes the audit tree and names the first event that was changed.",
    failure: "cannot vouch for the log",
    define: async (command) => (await import("./verify.ts")).defineVerify(command),
  },
];
