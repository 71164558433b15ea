import { styleText } from "node:util";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { UnreadableEvent } from "../events/store/event-store-errors.ts";
import { positionOf } from "../events/store/position.ts";
import { shownStep } from "../projections/history/history-steps.ts";
import { readMoment } from "../projections/history/moment.ts";
import type { Moment } from "../projections/history/moment.ts";
import { openHistory } from "../projections/history/open-history.ts";
import type { FoundHistory, HistorySource } from "../projections/history/open-history.ts";
import { UUID } from "../runtime/uuid.ts";
import { openLogForReading } from "./log-access.ts";
import { stepText } from "./replay-text.ts";
import { standardOutput } from "./standard-output.ts";
import { UsageError } from "./subcommand.ts";
import { escaped, escapedJson } from "./terminal-text.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway replay`: what happened to a delivery, step by step. */
export function defineReplay(command: Command): void {
  command
    .argument("<delivery>", "its id")
    .option("--until <MOMENT>", "stop there: a time (ISO 8601) or a position of the log")
    .option("--json", "one line of JSON for each event, as the API has it")
    .description(
      `For each event: what happened, what it changed, and the delivery after it. It
only reads, also beside a running gateway, and needs no read model. Nothing is
sent. Payloads are not shown, only their size and digest.`,
    )
    .action(runReplay);
}

interface ReplayOptions {
  readonly until?: string;
  readonly json?: boolean;
}

async function runReplay(delivery: string, { until: text, json = false }: ReplayOptions): Promise<void> {
  const id = delivery.toLowerCase();
  if (!UUID.test(id))
    throw new UsageError(`no delivery has an id like ${escapedJson(JSON.stringify(id.slice(0, 100)))}`);
  const until = text === undefined ? null : momentFrom(text);
  await using log = await openLogForReading(readConfig(process.env), warn);
  const write = standardOutput();
  try {
    for (const step of (await foundHistory(log.store, id, until)).steps()) {
      await write(json ? `${escapedJson(JSON.stringify(shownStep(step)))}\n` : stepText(step, paint));
    }
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    // What cannot be read may be in the reason, and would reach the operator's terminal.
    throw new Error(`${escaped(error.message)} (position ${error.position})`, { cause: error });
  }
}

async function foundHistory(store: HistorySource, id: string, until: Moment | null): Promise<FoundHistory> {
  const history = await openHistory(store, id, null, until);
  switch (history.kind) {
    case "found":
      return history;
    case "unknown":
      throw new Error(`there is no delivery ${id} in this log`);
    case "too_early":
      throw new Error(`the delivery came later, at ${history.time}, position ${history.position}`);
    case "beyond_log":
      throw new Error(`the log has not come so far: its last position is ${history.head ?? "none"}`);
  }
}

function momentFrom(text: string): Moment {
  // Leading zeros need not be typed, as for `export --after`.
  const moment = /^\d{1,20}$/.test(text)
    ? ({ kind: "position", position: positionOf(BigInt(text)) } as const)
    : readMoment(text);
  if (moment !== null) return moment;
  throw new UsageError("--until needs a time such as 2026-01-31T12:00:00.000Z, or a position of the log");
}

/** Only where it is shown in a terminal, and not when NO_COLOR is set. */
function paint(look: "bold" | "dim", text: string): string {
  return styleText(look, text, { stream: process.stdout });
}
