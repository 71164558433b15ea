import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { runCommandLine } from "../../../src/cli/run.ts";
import type { Failure } from "../../../src/cli/run.ts";
import { UsageError } from "../../../src/cli/subcommand.ts";
import type { Subcommand } from "../../../src/cli/subcommand.ts";
import { VERSION } from "../../../src/version.ts";

/** What happened, in order. */
type Trace = unknown[];

function serving(trace: Trace): Subcommand {
  return {
    name: "serve",
    summary: "Does serve.",
    failure: "cannot start",
    define: async (command) => {
      trace.push("loaded serve");
      command.action(() => void trace.push("served"));
    },
  };
}

function copying(trace: Trace): Subcommand {
  const copy = (thing: string, options: { readonly to?: string }): void => {
    if (options.to === "nowhere") throw new UsageError("--to needs a place");
    if (options.to === "full") throw new Error("there is no room");
    trace.push([thing, { ...options }]);
  };
  return {
    name: "copy",
    summary: "Does copy.",
    failure: "cannot copy",
    define: async (command) => {
      trace.push("loaded copy");
      command
        .argument("<thing>", "what")
        .option("--to <PLACE>", "where to")
        .option("--twice", "two of them")
        .description("Copies.")
        .action(copy);
    },
  };
}

async function run(...argv: string[]): Promise<{ failure: Failure | null; shown: string; trace: Trace }> {
  const trace: Trace = [];
  let shown = "";
  const print = async (text: string): Promise<void> => void (shown += text);
  const failure = await runCommandLine(argv, print, [serving(trace), copying(trace)]);
  return { failure, shown, trace };
}

describe("the command line", () => {
  it.each([[[]], [["serve"]], [["--"]]])("runs the first command at %j, and loads no other", async (argv) => {
    expect(await run(...argv)).toEqual({ failure: null, shown: "", trace: ["loaded serve", "served"] });
  });

  it.each([
    [["copy", "a", "--to", "b", "--twice"], { to: "b", twice: true }],
    [["copy", "--to=-", "a"], { to: "-" }],
    [["copy", "--to", "-", "a"], { to: "-" }],
    [["copy", "--to", "b", "--to", "c", "--", "a"], { to: "c" }],
  ])("gives the command its operands and options: %j", async (argv, options) => {
    expect(await run(...argv)).toEqual({ failure: null, shown: "", trace: ["loaded copy", ["a", options]] });
  });

  it.each([
    [["cpoy"], "unknown command 'cpoy' (Did you mean copy?); see webhook-gateway --help"],
    [["help", "cpoy"], "unknown command 'cpoy' (Did you mean copy?); see webhook-gateway --help"],
    [["--help", "cpoy"], "unknown command 'cpoy' (Did you mean copy?); see webhook-gateway --help"],
    [["cpoy", "--help"], "unknown command 'cpoy' (Did you mean copy?); see webhook-gateway --help"],
    [["--to", "a"], "unknown option '--to'; see webhook-gateway --help"],
    [["a\nb\u001b[2J"], "unknown command 'a\\nb\\u001b[2J'; see webhook-gateway --help"],
    [["copy"], "copy: missing required argument 'thing'; see webhook-gateway copy --help"],
    [
      ["copy", "a", "--twize"],
      "copy: unknown option '--twize' (Did you mean --twice?); see webhook-gateway copy --help",
    ],
    [["copy", "a", "--version"], "copy: unknown option '--version'; see webhook-gateway copy --help"],
    [["copy", "a", "--to"], "copy: option '--to <PLACE>' argument missing; see webhook-gateway copy --help"],
    [
      ["copy", "a", "--twice=3"],
      "copy: unknown option '--twice=3' (Did you mean --twice?); see webhook-gateway copy --help",
    ],
    [
      ["copy", "a", "b"],
      "copy: too many arguments for 'copy'. Expected 1 argument but got 2: a, b; see webhook-gateway copy --help",
    ],
    [["copy", "a", "--to", "nowhere"], "copy: --to needs a place"],
  ])("refuses %j in one line, with exit code 2", async (argv, line) => {
    const { failure, shown } = await run(...argv);
    expect({ failure, shown }).toEqual({ failure: { line: `webhook-gateway: ${line}`, exitCode: 2 }, shown: "" });
  });

  it("does not repeat all of a long word", async () => {
    const { failure } = await run("x".repeat(10_000));
    expect(failure?.line.length).toBeLessThan(300);
  });

  it("introduces what a command throws, with exit code 1", async () => {
    const { failure } = await run("copy", "a", "--to", "full");
    expect(failure).toEqual({ line: "webhook-gateway cannot copy: there is no room", exitCode: 1 });
  });

  it("says its version, and loads no command for it", async () => {
    expect(await run("--version")).toEqual({ failure: null, shown: `${VERSION}\n`, trace: [] });
  });

  it.each([[["--version"]], [["--help"]], [["copy", "--help"]]])(
    "says in one line that nobody takes %j",
    async (argv) => {
      const print = (): Promise<void> => Promise.reject(new Error("standard output takes no more: write EPIPE"));
      expect(await runCommandLine(argv, print, [serving([]), copying([])])).toEqual({
        line: "webhook-gateway: standard output takes no more: write EPIPE",
        exitCode: 1,
      });
    },
  );
});

describe("the help", () => {
  it.each([[["--help"]], [["-h"]], [["help"]]])("at %j lists each command with its options", async (argv) => {
    const { failure, shown } = await run(...argv);
    expect(failure).toBeNull();
    expect(shown).toMatch(/^Usage: webhook-gateway \[options\] \[command\]\n/);
    expect(shown).toMatch(
      /\n {2}serve +Does serve\.\n {2}copy \[options\] <thing> +Does copy\.\n +--to <PLACE>, --twice\n/,
    );
    expect(shown).toContain("Without a command it is serve.");
  });

  it.each([[["copy", "--help"]], [["copy", "-h", "a", "b"]], [["help", "copy"]], [["--help", "copy"]]])(
    "at %j is that of the command",
    async (argv) => {
      const { failure, shown, trace } = await run(...argv);
      expect({ failure, trace }).toEqual({ failure: null, trace: ["loaded copy"] });
      expect(shown).toBe(
        [
          "Usage: webhook-gateway copy [options] <thing>",
          "",
          "Does copy.",
          "",
          "Copies.",
          "",
          "Arguments:",
          "  thing         what",
          "",
          "Options:",
          "  --to <PLACE>  where to",
          "  --twice       two of them",
          "  -h, --help    this text",
          "",
        ].join("\n"),
      );
    },
  );

  it("fits into 80 columns, for each command of the program", async () => {
    for (const words of [[], ...COMMANDS.map(({ name }) => [name])]) {
      let shown = "";
      expect(await runCommandLine([...words, "--help"], async (text) => void (shown += text))).toBeNull();
      expect(shown).toContain(["Usage: webhook-gateway", ...words].join(" "));
      expect(shown.split("\n").filter((line) => line.length > 80)).toEqual([]);
    }
  });
});
