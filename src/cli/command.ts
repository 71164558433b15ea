/** An option of a command. One with a `value` takes one, which the help shows under this name; any other is a switch. */
export interface Option {
  readonly value?: string;
  readonly help: string;
}

/** The arguments after a command's name. */
export interface Invocation {
  /** The value of each option that was given; `true` for a switch. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
  /** The arguments that are not options, in order; never more than the command has names for. */
  readonly operands: readonly string[];
}

/** A subcommand of the program. A new one is a file with this and a line in `commands.ts`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What its own help says besides, in paragraphs; lines of at most 80 characters. */
  readonly details: string;
  readonly options: Readonly<Record<string, Option>>;
  /** The names of the operands that it may have, for the help. Whether it needs them, it says itself. */
  readonly operands: readonly string[];
  /** What an error at its run is introduced with, as in `webhook-gateway cannot start: …`. */
  readonly failure: string;
  /**
   * Does it, and resolves when it is done or, for one that stays, when it runs.
   *
   * @throws UsageError when it cannot be meant so; whatever else it throws has a message of one line for a person
   */
  run(invocation: Invocation): Promise<void>;
}

/** What was written on the command line cannot be meant. The message is one line. Exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
