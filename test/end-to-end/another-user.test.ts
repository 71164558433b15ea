import { chmodSync, chownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { seedLog } from "./seeded-log.ts";

/** Two users that are not root, neither of which needs a name. */
const [SERVICE, OTHER] = [47_110, 47_111];

/** Why no command can be run as these users, or null. */
function whyNoOtherUser(): string | null {
  return process.geteuid?.() === 0 ? null : "only root can be another user";
}

/** A folder that others may enter, with a log of the service's user in a folder of its own. */
async function folderOfService(folder: TemporaryFolder): Promise<string> {
  const data = join(folder.path, "data");
  chmodSync(folder.path, 0o777);
  await seedLog(data, 8);
  for (const name of readdirSync(data)) chownSync(join(data, name), SERVICE, SERVICE);
  chownSync(data, SERVICE, SERVICE);
  return data;
}

describe.concurrent("a command of a user who may not read the log", () => {
  it("says that, and not that there is none", async ({ skip }) => {
    const reason = whyNoOtherUser();
    if (reason !== null) return skip(reason);
    using folder = new TemporaryFolder();
    const data = await folderOfService(folder);
    const lineOf = async (args: readonly string[]): Promise<string> => {
      const { exitCode, stderr } = await runCommand(args, data, { uid: OTHER });
      expect(exitCode).toBe(1);
      return stderr;
    };
    for (const mode of [0o700, 0o755]) {
      chmodSync(data, mode);
      for (const args of [["export"], ["verify"], ["backup", join(folder.path, "x")], ["rebuild", "users"]]) {
        expect(await lineOf(args)).toMatch(
          /^[^\n]*: DATA_DIR: the event log in \S+ cannot be read: EACCES: permission denied, [^\n]*; run this as the user of the gateway\n$/,
        );
      }
    }
    chmodSync(data, 0o777);
    for (const args of [["serve"], ["import", "--input", "/dev/null"]]) {
      expect(await lineOf(args)).toMatch(/^[^\n]*\n$/);
    }
    expect(await lineOf(["serve"])).toMatch(/events\.sqlite cannot be read and written: EACCES: permission denied/);
  });
});
