import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensurePrivateFile, ownerOf, writePrivateFile } from "../../../src/runtime/private-file.ts";

const SERVICE = { uid: 4711, gid: 4712 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "private-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777;
const ownerOfFile = (name: string): object => {
  const { uid, gid } = statSync(join(folder, name));
  return { uid, gid };
};

describe("a private file", () => {
  it.each([0o000, 0o022, 0o277])("has mode 0600 with the umask %o", (umask) => {
    const before = process.umask(umask);
    try {
      ensurePrivateFile(join(folder, "a"));
      writePrivateFile(join(folder, "b"), "text");
    } finally {
      process.umask(before);
    }
    expect([modeOf("a"), modeOf("b")]).toEqual([0o600, 0o600]);
  });

  it("is left as it is by who only ensures it, and replaced by who writes it", () => {
    writeFileSync(join(folder, "a"), "mine", { mode: 0o640 });
    ensurePrivateFile(join(folder, "a"));
    expect([readFileSync(join(folder, "a"), "utf8"), modeOf("a")]).toEqual(["mine", 0o640]);
    writePrivateFile(join(folder, "a"), "ours");
    expect([readFileSync(join(folder, "a"), "utf8"), modeOf("a")]).toEqual(["ours", 0o600]);
  });

  it("of root belongs to the user of the log, and without a log to that of the folder", ({ skip }) => {
    if (process.geteuid?.() !== 0) return skip("only root gives files away");
    chownSync(folder, SERVICE.uid, SERVICE.gid);
    ensurePrivateFile(join(folder, "a"));
    expect(ownerOfFile("a")).toEqual(SERVICE);
    writeFileSync(join(folder, "events.sqlite"), "");
    chownSync(join(folder, "events.sqlite"), 4713, 4714);
    chmodSync(join(folder, "events.sqlite"), 0o600);
    writePrivateFile(join(folder, "b"), "text");
    expect(ownerOfFile("b")).toEqual({ uid: 4713, gid: 4714 });
    expect(ownerOf(folder)).toMatchObject({ uid: 4713, gid: 4714 });
  });
});
