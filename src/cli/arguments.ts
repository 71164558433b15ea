import { parseArgs } from "node:util";
import { UsageError } from "./command.ts";
import type { Command, Invocation } from "./command.ts";
import { generalHelp, helpFor } from "./help.ts";

/** What a command line asks for. */
export type Request =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "run"; readonly command: Command; readonly invocation: Invocation };

/**
 * Reads a command line.
 *
 * @param argv without the names of Node and of the program
 * @param commands all there are; the first of them is meant where none is named
 * @throws UsageError in one line
 */
export function readArguments(
  argv: readonly string[],
  commands: readonly [Command, ...Command[]],
  version: string,
): Request {
  const [first, ...rest] = argv;
  if (first === "--help" || first === "-h" || first === "help") return { kind: "text", text: generalHelp(commands) };
  if (first === "--version") return { kind: "text", text: `${version}\n` };
  const named = first !== undefined && !first.startsWith("-");
  const command = named ? commands.find(({ name }) => name === first) : commands[0];
  if (command === undefined) throw new UsageError(`there is no command ${shown(first)}; see webhook-gateway --help`);
  const parsed = parsedFor(command, named ? rest : argv);
  if (parsed.values["help"] === true) return { kind: "text", text: helpFor(command) };
  const surplus = parsed.positionals[command.operands.length];
  if (surplus !== undefined) {
    throw new UsageError(
      `${command.name} has no use for ${shown(surplus)}; see webhook-gateway ${command.name} --help`,
    );
  }
  return { kind: "run", command, invocation: { options: optionsOf(parsed.values), operands: parsed.positionals } };
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parsedFor(command: Command, argv: readonly string[]): { values: Values; positionals: string[] } {
  const options = Object.entries(command.options).map(([name, { value }]) => {
    return [name, { type: value === undefined ? "boolean" : "string" }] as const;
  });
  try {
    return parseArgs({
      args: [...argv],
      options: { ...Object.fromEntries(options), help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node goes on with advice about its own syntax.
    const [sentence] = error.message.split(/\. |\n/);
    throw new UsageError(`${command.name}: ${sentence ?? ""}; see webhook-gateway ${command.name} --help`);
  }
}

function optionsOf(values: Values): Invocation["options"] {
  const given = Object.entries(values).filter(
    (entry): entry is [string, string | true] => typeof entry[1] === "string" || entry[1] === true,
  );
  return Object.fromEntries(given);
}

function shown(text: string | undefined): string {
  return JSON.stringify((text ?? "").slice(0, 100));
}
