import { VERSION } from "../version.ts";
import { readArguments } from "./arguments.ts";
import type { Request } from "./arguments.ts";
import { UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** How a command line went wrong: what to say, and the exit code. */
export interface Failure {
  /** One line for the person who wrote it. */
  readonly line: string;
  /** 2 when it could not be meant, else 1. */
  readonly exitCode: 1 | 2;
}

/**
 * Does what a command line asks for. Never throws.
 *
 * @param argv without the names of Node and of the program
 * @param print shows text that was asked for, such as the help
 * @returns null when it was done or, for a command that stays, when it runs
 */
export async function runCommandLine(argv: readonly string[], print: (text: string) => void): Promise<Failure | null> {
  let failure = "cannot start";
  try {
    const request: Request = readArguments(argv, COMMANDS, VERSION);
    if (request.kind === "text") {
      print(request.text);
      return null;
    }
    failure = request.command.failure;
    await request.command.run(request.invocation);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof UsageError) return { line: `webhook-gateway: ${message}`, exitCode: 2 };
    return { line: `webhook-gateway ${failure}: ${message}`, exitCode: 1 };
  }
}
