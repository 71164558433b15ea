import { describe, expect, it } from "vitest";
import { SETTINGS, readConfig } from "../../../src/config.ts";
import { textOf } from "./facts.ts";

const UUID = "3f0a2f0e-7b1c-4a52-8f7e-0c5d8a2b9e11";
/** What EVENTSTORE_URL needs beside it. */
const KEYS = { MASTER_KEY: `${"A".repeat(43)}=`, OPERATOR_API_KEY: UUID, AUDITOR_API_KEY: UUID };

/** The names and the defaults in the rows of README's table of settings; a row may have several of them. */
function settingsOfReadme(): [string, string][] {
  const [, section = ""] = /^## Configuration$([\s\S]*?)^## /m.exec(textOf("README.md")) ?? [];
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => {
    const [, names = "", defaults = ""] = row.split("|").map((cell) => cell.trim());
    const values = defaults.split(", ");
    // One text in words may be about all names of its row.
    return names.split(", ").map((name, index): [string, string] => [name, values[index] ?? defaults]);
  });
}

describe("the settings", () => {
  it("are those of the README's table, with their defaults", () => {
    const settings = SETTINGS.map(({ variable, default: value, without }): [string, string] => [
      `\`${variable}\``,
      value === null ? without : `\`${value}\``,
    ]);
    expect(settings.length).toBeGreaterThan(20);
    expect(settingsOfReadme().sort()).toEqual(settings.sort());
  });

  it("are what they are by default when they are set to it", () => {
    for (const { variable, default: value } of SETTINGS) {
      if (value !== null) expect(readConfig({ [variable]: value })).toEqual(readConfig({}));
    }
  });

  it("have an example that may be set", () => {
    for (const { variable, example } of SETTINGS) {
      // A command that makes a secret is for a shell.
      if (!example.startsWith("$(")) {
        expect(() => readConfig({ ...KEYS, [variable]: example })).not.toThrow();
      }
    }
  });
});
