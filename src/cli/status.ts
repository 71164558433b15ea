import { setTimeout as pause } from "node:timers/promises";
import { styleText } from "node:util";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { addressFrom, addressOf } from "./gateway-address.ts";
import { GatewayApi, NoAnswer, operatorKeyOf } from "./gateway-api.ts";
import { standardOutput } from "./standard-output.ts";
import { statusText } from "./status-text.ts";
import { escaped, escapedJson } from "./terminal-text.ts";
import { STOPPING } from "./until-signal.ts";

/** How often `--watch` looks, in ms. */
const WATCH_MS = 2_000;

/** To the upper left corner; the rest of a line; and all below. */
const [HOME, LINE_REST, BELOW] = ["\u001b[H", "\u001b[K", "\u001b[J"];

/** `webhook-gateway status`: how a running gateway is. */
export function defineStatus(command: Command): void {
  command
    .option("--watch", "again every 2 seconds, until Ctrl-C")
    .option("--json", "one line of JSON, as the API has it")
    .option("--url <URL>", "where the gateway is, instead of HOST and PORT")
    .description(
      `The oldest due delivery with its id, what is due, held and under way, failing
endpoints, lag and sizes. It asks a running gateway over its API, at HOST and
PORT, with the operator's key.`,
    )
    .action(runStatus);
}

interface StatusOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
  readonly url?: string;
}

async function runStatus({ watch = false, json = false, url }: StatusOptions): Promise<void> {
  const config = readConfig(process.env);
  const address = url === undefined ? addressOf(config) : addressFrom(url);
  const api = new GatewayApi(address, operatorKeyOf(config) ?? "");
  const stop = new AbortController();
  const look = async (): Promise<string> => {
    const overview = await api.overview(stop.signal);
    return json ? `${escapedJson(JSON.stringify(overview))}\n` : statusText(overview, address, paint);
  };
  const write = standardOutput();
  if (!watch) {
    await write(await look());
    return;
  }
  const end = (): void => stop.abort();
  for (const name of STOPPING) process.once(name, end);
  await watchGateway(look, async (text) => write(drawn(text, json)), stop.signal);
  // A terminal shows the Ctrl-C in a line that does not end by itself.
  if (process.stdout.isTTY) await write("\n");
}

/** Looks and shows until the signal aborts. A gateway that goes away later is waited for; one that never was there is not. */
async function watchGateway(
  look: () => Promise<string>,
  show: (text: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const hasEnded = (): boolean => signal.aborted;
  let isFirst = true;
  while (!hasEnded()) {
    try {
      await show(await look());
      isFirst = false;
    } catch (error) {
      if (hasEnded()) return;
      if (isFirst || !(error instanceof NoAnswer)) throw error;
      await show(`${escaped(error.message)}\n`);
    }
    await pause(WATCH_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** In a terminal over what was there before; elsewhere a block with an empty line after it. */
function drawn(text: string, json: boolean): string {
  if (json) return text;
  const isTerminal = process.stdout.isTTY && process.env["TERM"] !== "dumb";
  return isTerminal ? `${HOME}${text.replaceAll("\n", `${LINE_REST}\n`)}${BELOW}` : `${text}\n`;
}

/** Only where it is shown in a terminal, and not when NO_COLOR is set. */
function paint(look: "bold" | "dim", text: string): string {
  return styleText(look, text, { stream: process.stdout });
}
