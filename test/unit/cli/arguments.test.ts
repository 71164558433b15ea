import { describe, expect, it } from "vitest";
import { readArguments } from "../../../src/cli/arguments.ts";
import { UsageError } from "../../../src/cli/command.ts";
import type { Command } from "../../../src/cli/command.ts";

function command(name: string, overrides: Partial<Command> = {}): Command {
  const nothing = { details: "", options: {}, operands: [], failure: "cannot", run: () => Promise.resolve() };
  return { name, summary: `Does ${name}.`, ...nothing, ...overrides };
}

const COMMANDS = [
  command("serve"),
  command("copy", {
    details: "Copies.",
    options: { to: { value: "PLACE", help: "where to" }, twice: { help: "two of them" } },
    operands: ["thing"],
  }),
] as const;

function read(...argv: string[]): unknown {
  const request = readArguments(argv, COMMANDS, "1.2.3");
  return request.kind === "text" ? request.text : [request.command.name, request.invocation];
}

describe("the command line", () => {
  it("means the first command where none is named", () => {
    expect(read()).toEqual(["serve", { options: {}, operands: [] }]);
  });

  it("gives a command its options and operands", () => {
    expect(read("copy", "a", "--to", "b", "--twice")).toEqual([
      "copy",
      { options: { to: "b", twice: true }, operands: ["a"] },
    ]);
    expect(read("copy", "--to=-")).toEqual(["copy", { options: { to: "-" }, operands: [] }]);
  });

  it.each([
    [["cpoy"], 'there is no command "cpoy"; see webhook-gateway --help'],
    [["copy", "--form", "a"], "copy: Unknown option '--form'; see webhook-gateway copy --help"],
    [["--to", "a"], "serve: Unknown option '--to'; see webhook-gateway serve --help"],
    [["copy", "--to"], "copy: Option '--to <value>' argument missing; see webhook-gateway copy --help"],
    [["copy", "--twice=3"], "copy: Option '--twice' does not take an argument; see webhook-gateway copy --help"],
    [["copy", "a", "b"], 'copy has no use for "b"; see webhook-gateway copy --help'],
    [["serve", "a\nb"], 'serve has no use for "a\\nb"; see webhook-gateway serve --help'],
  ])("refuses %j in one line", (argv, message) => {
    expect(() => read(...argv)).toThrow(new UsageError(message));
  });

  it.each([[["--help"]], [["-h"]], [["help"]]])("explains itself at %j", (argv) => {
    expect(read(...argv)).toContain("  serve  Does serve.\n  copy   Does copy.\n");
  });

  it("explains a command", () => {
    const text = [
      "webhook-gateway copy [thing] [--to PLACE] [--twice]",
      "",
      "Does copy.",
      "",
      "Copies.",
      "",
      "  --to PLACE  where to",
      "  --twice     two of them",
      "  --help      this text",
      "",
    ].join("\n");
    expect(read("copy", "--help")).toBe(text);
    expect(read("copy", "-h", "a", "b", "c")).toBe(text);
  });

  it("tells its version", () => {
    expect(read("--version")).toBe("1.2.3\n");
  });
});
