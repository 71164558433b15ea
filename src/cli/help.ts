import type { Command, Option } from "./command.ts";

/** What `webhook-gateway --help` prints. */
export function generalHelp(commands: readonly [Command, ...Command[]]): string {
  return [
    "webhook-gateway [command] [options]",
    "",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    `Without a command it is ${commands[0].name}. All settings are environment variables, the`,
    "same for every command: see the README. `webhook-gateway <command> --help`",
    "says more.",
    "",
  ].join("\n");
}

/** What `webhook-gateway <command> --help` prints. */
export function helpFor(command: Command): string {
  const options = Object.entries(command.options);
  const usage = [
    command.name,
    ...command.operands.map((name) => `[${name}]`),
    ...options.map((option) => `[${spelled(option)}]`),
  ];
  return [
    ...wrapped(["webhook-gateway", ...usage]),
    "",
    command.summary,
    "",
    ...(command.details === "" ? [] : [command.details, ""]),
    ...table([...options.map((option) => [spelled(option), option[1].help] as const), ["--help", "this text"]]),
    "",
  ].join("\n");
}

/** The words in lines of at most 80 characters, those after the first one indented. */
function wrapped(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (last.length + 1 + word.length <= 80) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`    ${word}`);
  }
  return lines;
}

function spelled([name, { value }]: readonly [string, Option]): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
