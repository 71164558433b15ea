import { CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { COMMANDS } from "./commands.ts";
import { runProgram } from "./program.ts";
import { UsageError } from "./subcommand.ts";
import type { Subcommand } from "./subcommand.ts";
import { escaped } from "./terminal-text.ts";

/** How a command line went wrong: what to say, and the exit code. */
export interface Failure {
  /** One line for the person who wrote it. */
  readonly line: string;
  /** 2 when it makes no sense, else 1. */
  readonly exitCode: 1 | 2;
}

/** How much is shown of a sentence that repeats what was written, in characters. */
const MAX_SENTENCE = 200;

/**
 * Does what a command line asks for. Never throws.
 *
 * @param argv without the names of Node and of the program
 * @param print shows text that was asked for, such as the help; it rejects when nobody takes it
 * @param subcommands what the program can do; the first one runs when none is named
 * @returns null when it was done or, for a command that stays, when it runs
 */
export async function runCommandLine(
  argv: readonly string[],
  print: (text: string) => Promise<void>,
  subcommands: readonly [Subcommand, ...Subcommand[]] = COMMANDS,
): Promise<Failure | null> {
  let named: Subcommand | null = null;
  let text = "";
  const onCommand = (subcommand: Subcommand): void => void (named = subcommand);
  try {
    await runProgram(argv, subcommands, { version: VERSION, print: (part) => (text += part), onCommand });
    return null;
  } catch (error) {
    const failure = failureOf(error, named);
    return failure === null ? await printed(text, print) : failure;
  }
}

/** Shows the text that was asked for, all at once. */
async function printed(text: string, print: (text: string) => Promise<void>): Promise<Failure | null> {
  try {
    await print(text);
    return null;
  } catch (error) {
    return { line: `webhook-gateway: ${messageOf(error)}`, exitCode: 1 };
  }
}

function failureOf(error: unknown, subcommand: Subcommand | null): Failure | null {
  const message = messageOf(error);
  const [context, help] = subcommand === null ? ["", "--help"] : [`${subcommand.name}: `, `${subcommand.name} --help`];
  if (error instanceof UsageError) return { line: `webhook-gateway: ${context}${message}`, exitCode: 2 };
  if (!(error instanceof CommanderError)) {
    return { line: `webhook-gateway ${subcommand?.failure ?? "cannot start"}: ${message}`, exitCode: 1 };
  }
  if (error.exitCode === 0) return null;
  return { line: `webhook-gateway: ${context}${inOneLine(message)}; see webhook-gateway ${help}`, exitCode: 2 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What commander says of a command line: a sentence after `error: `, and perhaps a suggestion in a line of its own. */
function inOneLine(message: string): string {
  const [, sentence = "", suggestion = ""] = /^error: ([\s\S]*?)\.?(?:\n(\(Did you mean .*\)))?$/.exec(message) ?? [];
  return `${escaped(sentence.slice(0, MAX_SENTENCE))} ${suggestion}`.trimEnd();
}
