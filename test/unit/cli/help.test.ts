import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { generalHelp, helpFor } from "../../../src/cli/help.ts";

describe("the help", () => {
  it.each([["webhook-gateway", generalHelp(COMMANDS)], ...COMMANDS.map((command) => [command.name, helpFor(command)])])(
    "of %s fits into 80 columns",
    (_name, text) => {
      expect(text?.split("\n").filter((line) => line.length > 80)).toEqual([]);
    },
  );

  it("of a command names its options and operands", () => {
    for (const command of COMMANDS) {
      const text = helpFor(command);
      for (const name of Object.keys(command.options)) expect(text).toContain(`--${name}`);
      for (const name of command.operands) expect(text).toContain(`[${name}]`);
    }
  });
});
