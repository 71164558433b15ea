import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { seedLog } from "./seeded-log.ts";

const MISSING = "cannot read /nonexist: ENOENT: no such file or directory, access '/nonexist'";

describe.concurrent("a file that a command cannot use is named in one line", () => {
  const folder = new TemporaryFolder();
  const log = join(folder.path, "log");
  beforeAll(() => seedLog(log, 4));
  afterAll(() => folder[Symbol.dispose]());

  it.each([
    [["export", "--output", "/nonexist/x"], 1, " cannot export: /nonexist is not a folder; make it first"],
    [["import", "--input", "/nonexist"], 1, ` cannot import: ${MISSING}`],
    [["import", "--input", "/tmp"], 1, " cannot import: /tmp is a folder; name a file"],
    [["verify", "--checkpoint", "/nonexist"], 1, ` cannot vouch for the log: ${MISSING}`],
    [["verify", "--against", "/tmp"], 1, " cannot vouch for the log: /tmp is a folder; name a file"],
    [["backup", "-"], 2, ": backup: a backup needs the name of a file"],
    [["backup", ""], 2, ": backup: a backup needs the name of a file"],
    [["help", "foo"], 2, ": unknown command 'foo'; see webhook-gateway --help"],
  ] as const)("%j", async (args, exitCode, line) => {
    expect(await runCommand(args, log)).toEqual({ exitCode, stdout: "", stderr: `webhook-gateway${line}\n` });
  });

  // /proc takes no file from anybody, root included.
  it("where the folder takes no file", async () => {
    const { exitCode, stderr } = await runCommand(["export", "--output", "/proc/x"], log);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^webhook-gateway cannot export: cannot write to \/proc: [^\n]*\n$/) as string,
    });
  });
});
