import type { Command } from "commander";

/** A subcommand of the program. A new one is a file with its `define…` and an entry in `commands.ts`. */
export interface Subcommand {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What an error at its run is introduced with, as in `webhook-gateway cannot start: …`. */
  readonly failure: string;
  /**
   * Gives it its options, its help and its action. It is called only when the command or the help of all is asked for, so that
   * no command loads what another one needs.
   *
   * The action resolves when it is done or, for one that stays, when it runs. It throws a UsageError for a command line that
   * makes no sense; anything else it throws has a message of one line for a person.
   */
  define(command: Command): Promise<void>;
}

/** The command line makes no sense. The message is one line, without the command's name. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
