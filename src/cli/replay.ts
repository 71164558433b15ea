import { styleText } from "node:util";
import { Option } from "commander";
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
import { chooseNumber, numberPrompt } from "./choose-number.ts";
import { columnsOfTerminal, deliveryHeading, deliveryLines, moreLine } from "./delivery-lines.ts";
import { openLogForReading } from "./log-access.ts";
import { cutAfter, findDeliveries, wantedList } from "./replay-list.ts";
import type { FoundList, ListOptions } from "./replay-list.ts";
import { stepText } from "./replay-text.ts";
import { fitting } from "./screenful.ts";
import { standardOutput } from "./standard-output.ts";
import { UsageError } from "./subcommand.ts";
import { escaped, escapedJson } from "./terminal-text.ts";
import { warn } from "./warn.ts";

/** `webhook-gateway replay`: what happened to a delivery, step by step; or which deliveries a user has. */
export function defineReplay(command: Command): void {
  command
    .argument("[delivery]", "its id")
    .addOption(new Option("--user <USERNAME>", "list this user's deliveries").conflicts(["until", "json"]))
    .option("--from <TIME>", "with --user: those accepted at this time (ISO 8601) or later")
    .option("--to <TIME>", "with --user: those accepted before this time")
    .option("--limit <NUMBER>", "with --user: how many; otherwise a screenful")
    .option("--until <MOMENT>", "stop there: a time (ISO 8601) or a position of the log")
    .option("--json", "one line of JSON for each event, as the API has it")
    .description(
      `For each event: what happened, what it changed, and the delivery after it. It
only reads, also beside a running gateway, and needs no read model. Nothing is
sent. Payloads are not shown, only their size and digest.

With --user it lists deliveries from the read models, newest first, a line each,
and in a terminal it asks which one to show.`,
    )
    .action((delivery: string | undefined, options: ReplayOptions) => runReplay(command, delivery, options));
}

interface ReplayOptions extends ListOptions {
  readonly user?: string;
  readonly until?: string;
  readonly json?: boolean;
}

async function runReplay(command: Command, delivery: string | undefined, options: ReplayOptions): Promise<void> {
  const { user, from, to, limit } = options;
  if (user !== undefined) {
    if (delivery !== undefined) throw new UsageError("name a delivery or --user, not both");
    return chooseOf(user, options);
  }
  if ((from ?? to ?? limit) !== undefined) throw new UsageError("--from, --to and --limit go with --user");
  if (delivery === undefined) command.error("error: missing required argument 'delivery'");
  return showOne(delivery, options);
}

/** Lists a user's deliveries. In a terminal a person chooses one of them, which is shown then. */
async function chooseOf(username: string, options: ListOptions): Promise<void> {
  const { stdin, stdout } = process;
  const inTerminal = stdin.isTTY && stdout.isTTY;
  const wanted = wantedList(options, inTerminal ? stdout.rows : null);
  const config = readConfig(process.env);
  await using log = await openLogForReading(config, warn);
  const found = await findDeliveries(config, log.store, username, wanted, warn);
  const columns = columnsOfTerminal(stdout);
  const terminal = inTerminal ? { columns, paint } : null;
  const heading = inTerminal && found.shown.length > 0 ? deliveryHeading(username, paint) : [];
  const fits =
    inTerminal && options.limit === undefined
      ? fitting(deliveryLines(found.shown, terminal), besides(heading, found), { rows: stdout.rows, columns })
      : found.shown.length;
  const { shown, more, counted } = cutAfter(found, fits);
  const write = standardOutput();
  for (const line of [...heading, ...deliveryLines(shown, terminal)]) await write(`${line}\n`);
  if (shown.length === 0) warn(`${username} has no deliveries${(options.from ?? options.to) ? " in this time" : ""}`);
  if (more.length > 0) warn(moreLine(more, counted));
  if (!inTerminal || shown.length === 0) return;
  const chosen = shown[((await chooseNumber(shown.length, stdin, stdout)) ?? 0) - 1];
  if (chosen !== undefined) await showSteps(log.store, chosen._id, null, false);
}

/** What has to fit into a terminal with a list: the prompt above, the heading, what is left out, and the question. */
function besides(heading: readonly string[], { shown }: FoundList): string[] {
  return ["", ...heading, ...(shown.length > 0 ? [moreLine(shown, false), numberPrompt(shown.length)] : [])];
}

async function showOne(delivery: string, { until: text, json = false }: ReplayOptions): Promise<void> {
  const id = delivery.toLowerCase();
  if (!UUID.test(id))
    throw new UsageError(`no delivery has an id like ${escapedJson(JSON.stringify(id.slice(0, 100)))}`);
  const until = text === undefined ? null : momentFrom(text);
  await using log = await openLogForReading(readConfig(process.env), warn);
  await showSteps(log.store, id, until, json);
}

async function showSteps(store: HistorySource, id: string, until: Moment | null, json: boolean): Promise<void> {
  const write = standardOutput();
  try {
    for (const step of (await foundHistory(store, id, until)).steps()) {
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
