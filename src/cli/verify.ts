import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { Option } from "commander";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { eventsOfExport, eventsOfLog } from "../processes/audit/audited-events.ts";
import type { AuditedEvent } from "../processes/audit/audited-events.ts";
import { readSignedTreeHead } from "../processes/audit/tree-head.ts";
import type { TreeHead } from "../processes/audit/tree-head.ts";
import { leavesOfExport, leavesOfTree } from "../processes/audit/trusted-leaves.ts";
import type { TrustedLeaves } from "../processes/audit/trusted-leaves.ts";
import { verifyEvents } from "../processes/audit/verify-events.ts";
import type { VerifyReport } from "../processes/audit/verify-events.ts";
import { openReadModelsToCompare } from "../storage/open-read-models.ts";
import { auditKeyOf } from "../storage/open-secrets.ts";
import { openLogForReading } from "./log-access.ts";
import type { ReadLog } from "./log-access.ts";
import { refuseUnreadable } from "./named-file.ts";
import { ProgressLine } from "./progress-line.ts";
import { standardOutput } from "./standard-output.ts";
import { UsageError } from "./subcommand.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway verify`: whether the log is what it was. */
export function defineVerify(command: Command): void {
  command
    .option("--input <FILE>", "verify this export instead of the log; - is standard input")
    .option("--checkpoint <FILE>", "a signed checkpoint: the log must begin with what it signs")
    .option("--public-key <KEY>", "who signed it; otherwise the log's own key")
    .addOption(new Option("--tree", "compare with the tree in the read models").conflicts("against"))
    .option("--against <FILE>", "compare with this export")
    .option("--json", "print the result as JSON")
    .description(
      `It reads the log, also beside a running gateway, or an export, and prints how
many events there are and the root of the tree over them. With something to
compare with it ends with code 1 when the log is not what it was:
a checkpoint that was kept elsewhere tells whether; the stored tree or an older
export tells which event was changed, removed or moved first.`,
    )
    .action(runVerify);
}

interface VerifyOptions {
  readonly input?: string;
  readonly checkpoint?: string;
  readonly publicKey?: string;
  readonly tree?: boolean;
  readonly against?: string;
  readonly json?: boolean;
}

async function runVerify(wanted: VerifyOptions): Promise<void> {
  refuseSenseless(wanted);
  for (const file of [wanted.input, wanted.checkpoint, wanted.against]) {
    if (file !== undefined && !(file === "-" && file === wanted.input)) refuseUnreadable(file);
  }
  const config = readConfig(process.env);
  await using stack = new AsyncDisposableStack();
  const trusted = await trustedLeaves();
  // Opened after the tree: it can only have grown since, so that what is in the tree has to be in the log.
  const log = wanted.input === undefined ? stack.use(await openLogForReading(config, warn)) : null;
  const checkpoint = await signedHead(log);
  const progress = new ProgressLine(process.stderr, "verifying");
  const report = await verifyEvents(await events(log), {
    signedHead: checkpoint,
    trusted,
    onProgress: (count, fraction) => progress.report(count, fraction === null ? null : Math.min(1, fraction)),
  }).finally(() => progress.end());
  const shown = wanted.json === true ? asJson(report, checkpoint, trusted) : asText(report, checkpoint, trusted);
  await standardOutput()(shown).catch((error: unknown) => {
    // What was found is said in any case, and matters more.
    if (report.finding === null) throw error;
  });
  if (report.finding !== null) throw new Error(report.finding.text);

  async function trustedLeaves(): Promise<TrustedLeaves | null> {
    const { against } = wanted;
    if (against !== undefined) return leavesOfExport(against, () => createReadStream(against));
    if (wanted.tree !== true) return null;
    const documents = await openReadModelsToCompare(config);
    stack.defer(() => documents.close());
    return leavesOfTree(documents);
  }

  async function signedHead(log: ReadLog | null): Promise<TreeHead | null> {
    if (wanted.checkpoint === undefined) return null;
    const note = await readFile(wanted.checkpoint, "utf8");
    const key = wanted.publicKey ?? (log === null ? "" : await auditKeyOf(config, log.store));
    return readSignedTreeHead(note, key);
  }

  async function events(log: ReadLog | null): Promise<AsyncIterable<AuditedEvent>> {
    if (log !== null) return eventsOfLog(log.store);
    const { input } = wanted;
    if (input === undefined || input === "-") return eventsOfExport(process.stdin, null);
    return eventsOfExport(createReadStream(input), (await stat(input)).size);
  }
}

/** Options that make no sense together. */
function refuseSenseless({ input, checkpoint, publicKey, against }: VerifyOptions): void {
  if (against === "-") throw new UsageError("--against needs a file, which is read more than once");
  if (publicKey !== undefined && checkpoint === undefined) throw new UsageError("--public-key needs --checkpoint FILE");
  if (input !== undefined && checkpoint !== undefined && publicKey === undefined) {
    throw new UsageError("--checkpoint with --input needs --public-key KEY");
  }
}

/** What a leaf does not have, so that a change of it is not found (ADR 23). */
const LEFT_OUT = ["position", "recorded_at"];

function asText(report: VerifyReport, checkpoint: TreeHead | null, trusted: TrustedLeaves | null): string {
  const { events, root, compared, finding } = report;
  const lines = [
    `events      ${events}`,
    `root        ${root.toString("base64")}`,
    "left out    positions and times of recording, which no tree head proves",
  ];
  if (checkpoint !== null) lines.push(`checkpoint  ${checkpoint.size} events, ${checkpoint.root.toString("base64")}`);
  if (trusted !== null && compared !== null) lines.push(`compared    ${compared} events are as in ${trusted.name}`);
  lines.push(
    finding !== null
      ? `${finding.kind.padEnd(12)}${finding.text}`
      : checkpoint === null && trusted === null
        ? "            with nothing to compare with, this says nothing of the past"
        : "            as it was",
  );
  return `${lines.join("\n")}\n`;
}

function asJson(report: VerifyReport, checkpoint: TreeHead | null, trusted: TrustedLeaves | null): string {
  const { events, root, compared, finding } = report;
  const written = {
    events,
    root: root.toString("base64"),
    left_out: LEFT_OUT,
    checkpoint: checkpoint && { size: checkpoint.size, root: checkpoint.root.toString("base64") },
    compared: trusted && { with: trusted.name, events: compared },
    finding: finding && {
      kind: finding.kind,
      leaf_index: finding.leaf,
      event: finding.event && {
        id: finding.event.id,
        stream: finding.event.stream,
        revision: finding.event.revision,
        type: finding.event.type,
        position: finding.event.position,
        line: finding.event.line,
      },
      text: finding.text,
    },
  };
  return `${JSON.stringify(written)}\n`;
}
