import { Command } from "commander";
import type { Subcommand } from "./subcommand.ts";
import { COLUMNS } from "./terminal-text.ts";

/** What a program is made with besides its subcommands. */
export interface ProgramOptions {
  readonly version: string;
  /** Shows text that was asked for: the help or the version. */
  readonly print: (text: string) => void;
  /** Called with the subcommand that is named, before its definition is loaded. */
  readonly onCommand: (subcommand: Subcommand) => void;
}

/**
 * Runs a command line as commander reads it.
 *
 * @param argv without the names of Node and of the program
 * @param subcommands what the program can do; the first one runs when none is named
 * @throws CommanderError when the line makes no sense and, with exit code 0, when it asked for text and got it; and what a
 *   command throws. It prints nothing about errors.
 */
export async function runProgram(
  argv: readonly string[],
  subcommands: readonly [Subcommand, ...Subcommand[]],
  options: ProgramOptions,
): Promise<void> {
  const program = new Command("webhook-gateway")
    .version(options.version, "--version", "the version of the program")
    .helpOption("-h, --help", "this text")
    // Its own would show a command that is not defined yet.
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: options.print, outputError: () => undefined, getOutHelpWidth: () => COLUMNS })
    .configureHelp({ commandDescription: description, subcommandDescription: entry })
    .addHelpText("after", afterList(subcommands[0]));
  const byCommand = new Map(subcommands.map((one) => [program.command(one.name).summary(one.summary), one]));
  program.hook("preSubcommand", async (_program, command) => {
    const subcommand = byCommand.get(command);
    if (subcommand === undefined) return;
    options.onCommand(subcommand);
    await subcommand.define(command);
  });
  const words = readAs(argv, subcommands);
  // The list of commands shows the operands and options of each.
  if (words.join() === "--help") for (const [command, one] of byCommand) await one.define(command);
  await program.parseAsync(words, { from: "user" });
}

/**
 * `help` or `--help` before a command means the same after it; no word at all means the first command. Of a command that does
 * not exist there is no help: its name alone is left, which is refused.
 */
function readAs(argv: readonly string[], subcommands: readonly [Subcommand, ...Subcommand[]]): readonly string[] {
  const [word = "--", ...rest] = argv;
  if (!argv.some((other) => other !== "--")) return [subcommands[0].name];
  const words = ["help", "--help", "-h"].includes(word) ? [...rest, "--help"] : argv;
  const [name = ""] = words;
  return name.startsWith("-") || subcommands.some((one) => one.name === name) ? words : [name];
}

/** In a command's own help. */
function description(command: Command): string {
  return [command.summary(), command.description()].filter((text) => text !== "").join("\n\n");
}

/** In the list of commands. */
function entry(command: Command): string {
  const flags = command.options.map((option) => option.flags);
  return [command.summary(), flags.join(", ")].filter((text) => text !== "").join("\n");
}

function afterList({ name }: Subcommand): string {
  return `
Without a command it is ${name}. All settings are environment variables, the
same for every command: see the README. \`webhook-gateway <command> --help\`
says more.`;
}
