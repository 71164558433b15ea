import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
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
import { UsageError } from "./command.ts";
import type { Command, Invocation } from "./command.ts";
import { openLogForReading } from "./log-access.ts";
import type { ReadLog } from "./log-access.ts";
import { Progress } from "./progress-line.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway verify`: whether the log is what it was. */
export const verifyCommand: Command = {
  name: "verify",
  summary: "Recomputes the audit tree and names the first event that was changed.",
  details: `It reads the log, also beside a running gateway, or an export, and prints how
many events there are and the root of the tree over them. With something to
compare with it ends with code 1 when the log is not what it was:
a checkpoint that was kept elsewhere tells whether; the stored tree or an older
export tells which event was changed, removed or moved first.`,
  options: {
    input: { value: "FILE", help: "verify this export instead of the log; - is standard input" },
    checkpoint: { value: "FILE", help: "a signed checkpoint: the log must begin with what it signs" },
    "public-key": { value: "KEY", help: "who signed it; otherwise the log's own key" },
    tree: { help: "compare with the tree in the read models" },
    against: { value: "FILE", help: "compare with this export" },
    json: { help: "print the result as JSON" },
  },
  operands: [],
  failure: "cannot vouch for the log",
  run: runVerify,
};

/** The options, as far as they can be meant together. */
interface Wanted {
  readonly input: string | null;
  readonly checkpoint: string | null;
  readonly publicKey: string | null;
  readonly tree: boolean;
  readonly against: string | null;
  readonly json: boolean;
}

async function runVerify({ options }: Invocation): Promise<void> {
  const wanted = wantedBy(options);
  const config = readConfig(process.env);
  await using stack = new AsyncDisposableStack();
  const trusted = await trustedLeaves();
  // Opened after the tree: it can only have grown since, so that what is in the tree has to be in the log.
  const log = wanted.input === null ? stack.use(await openLogForReading(config, warn)) : null;
  const checkpoint = await signedHead(log);
  const progress = new Progress(process.stderr, "verifying");
  const report = await verifyEvents(await events(log), {
    signedHead: checkpoint,
    trusted,
    onProgress: (count, fraction) => progress.report(count, fraction === null ? null : Math.min(1, fraction)),
  }).finally(() => progress.end());
  process.stdout.write(wanted.json ? asJson(report, checkpoint, trusted) : asText(report, checkpoint, trusted));
  if (report.finding !== null) throw new Error(report.finding.text);

  async function trustedLeaves(): Promise<TrustedLeaves | null> {
    const { against } = wanted;
    if (against !== null) return leavesOfExport(against, () => createReadStream(against));
    if (!wanted.tree) return null;
    const documents = await openReadModelsToCompare(config);
    stack.defer(() => documents.close());
    return leavesOfTree(documents);
  }

  async function signedHead(log: ReadLog | null): Promise<TreeHead | null> {
    if (wanted.checkpoint === null) return null;
    const note = await readFile(wanted.checkpoint, "utf8");
    const key = wanted.publicKey ?? (log === null ? "" : await auditKeyOf(config, log.store));
    return readSignedTreeHead(note, key);
  }

  async function events(log: ReadLog | null): Promise<AsyncIterable<AuditedEvent>> {
    if (log !== null) return eventsOfLog(log.store);
    const { input } = wanted;
    if (input === null || input === "-") return eventsOfExport(process.stdin, null);
    return eventsOfExport(createReadStream(input), (await stat(input)).size);
  }
}

function wantedBy(options: Invocation["options"]): Wanted {
  const text = (name: string): string | null => {
    const value = options[name];
    return typeof value === "string" ? value : null;
  };
  const wanted: Wanted = {
    input: text("input"),
    checkpoint: text("checkpoint"),
    publicKey: text("public-key"),
    tree: options["tree"] === true,
    against: text("against"),
    json: options["json"] === true,
  };
  if (wanted.tree && wanted.against !== null) throw new UsageError("verify: say --tree or --against, not both");
  if (wanted.against === "-") throw new UsageError("verify: --against needs a file, which is read more than once");
  if (wanted.publicKey !== null && wanted.checkpoint === null) {
    throw new UsageError("verify: --public-key needs --checkpoint FILE");
  }
  if (wanted.input !== null && wanted.checkpoint !== null && wanted.publicKey === null) {
    throw new UsageError("verify: --checkpoint with --input needs --public-key KEY");
  }
  return wanted;
}

function asText(report: VerifyReport, checkpoint: TreeHead | null, trusted: TrustedLeaves | null): string {
  const { events, root, compared, finding } = report;
  const lines = [`events      ${events}`, `root        ${root.toString("base64")}`];
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
