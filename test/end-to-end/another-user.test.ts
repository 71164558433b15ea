import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
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
      for (const args of [["export"], ["verify"], ["backup", join(folder.path, "x")], ["rebuild", "audit-tree"]]) {
        expect(await lineOf(args)).toMatch(
          /^[^\n]*: DATA_DIR: the event log in \S+ cannot be read: EACCES: permission denied, [^\n]*; run this as the user of the gateway\n$/,
        );
      }
    }
    chmodSync(data, 0o777);
    expect(await lineOf(["serve"])).toMatch(/events\.sqlite cannot be read and written: EACCES: permission denied/);
  });
});

/** What in its folder is not the service's own, private file. */
function strangersIn(data: string): string[] {
  return readdirSync(data).filter((name) => {
    const { uid, gid, mode } = statSync(join(data, name));
    return uid !== SERVICE || gid !== SERVICE || (mode & 0o777) !== 0o600;
  });
}

describe.concurrent("a command of another user on the folder of a service", { timeout: 120_000 }, () => {
  it("that is root's leaves no file that the service cannot write", async ({ skip }) => {
    const reason = whyNoOtherUser();
    if (reason !== null) return skip(reason);
    using folder = new TemporaryFolder();
    const data = await folderOfService(folder);
    const out = join(folder.path, "out");
    for (const args of [
      // It is an event of the log, so it comes before the export that is compared with the log.
      ["rebuild", "audit-tree"],
      ["export", "--output", out],
      ["verify"],
      ["verify", "--tree"],
      ["backup", `${out}.sqlite`],
      ["import", "--input", out],
    ]) {
      expect(await runCommand(args, data), args[0]).toMatchObject({ exitCode: 0 });
      expect(strangersIn(data), args[0]).toEqual([]);
    }
    const fresh = join(folder.path, "fresh");
    mkdirSync(fresh);
    chownSync(fresh, SERVICE, SERVICE);
    expect(await runCommand(["import", "--input", out], fresh)).toMatchObject({ exitCode: 0 });
    expect(strangersIn(fresh)).toEqual([]);
    expect(await runCommand(["rebuild", "audit-tree"], fresh, { uid: SERVICE })).toMatchObject({ exitCode: 0 });
  });

  it("that is neither leaves none either: it reads without one, and is refused what it would have to write", async ({
    skip,
  }) => {
    const reason = whyNoOtherUser();
    if (reason !== null) return skip(reason);
    using folder = new TemporaryFolder();
    const data = await folderOfService(folder);
    const [out, fresh] = [join(folder.path, "out"), join(folder.path, "fresh")];
    mkdirSync(fresh);
    for (const place of [data, fresh]) {
      chownSync(place, SERVICE, SERVICE);
      chmodSync(place, 0o777);
    }
    chmodSync(join(data, "events.sqlite"), 0o666);
    const before = readdirSync(data);
    for (const args of [["export", "--output", out], ["verify"], ["backup", `${out}.sqlite`]]) {
      expect(await runCommand(args, data, { uid: OTHER }), args[0]).toMatchObject({ exitCode: 0 });
    }
    for (const [args, place] of [
      [["rebuild", "audit-tree"], data],
      [["import", "--input", out], data],
      [["import", "--input", out], fresh],
    ] as const) {
      const { exitCode, stderr } = await runCommand(args, place, { uid: OTHER });
      expect(exitCode).toBe(1);
      expect(stderr).toContain(
        `DATA_DIR: ${place} belongs to the user ${SERVICE} and this is ${OTHER}; run this as the user of the gateway\n`,
      );
    }
    expect(readdirSync(data)).toEqual(before);
    expect(readdirSync(fresh)).toEqual([]);
  });
});
