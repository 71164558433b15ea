import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guestFile } from "../../../src/runtime/guest-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "guest file-"));
  path = join(folder, "a.sqlite");
  writeFileSync(path, "database");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Does something as a user who owns nothing there. */
function asStranger<T>(task: () => T): T {
  const before = process.geteuid;
  process.geteuid = () => statSync(path).uid + 1;
  try {
    return task();
  } finally {
    process.geteuid = before!;
  }
}

describe("a database that a guest reads", () => {
  it("is opened as ever by its owner, and by anyone while its other files are there", () => {
    expect(guestFile(path)).toMatchObject({ location: path, prepare: "" });
    for (const ending of ["-wal", "-shm"]) writeFileSync(path + ending, "");
    expect(asStranger(() => guestFile(path))).toMatchObject({ location: path, prepare: "" });
  });

  it("is read without locks by others, with what its write-ahead log holds", () => {
    const still = asStranger(() => guestFile(path));
    expect(String(still.location)).toMatch(/guest%20file-\w+\/a\.sqlite\?immutable=1$/);
    writeFileSync(`${path}-wal`, "");
    expect(String(asStranger(() => guestFile(path)).location)).toMatch(/\?immutable=1$/);
    expect(still.unchanged()).toBe(false);
    writeFileSync(`${path}-wal`, "frames");
    const withFrames = asStranger(() => guestFile(path));
    expect(String(withFrames.location)).toMatch(/\?vfs=unix-none$/);
    expect(withFrames.prepare).toContain("EXCLUSIVE");
    expect(withFrames.unchanged()).toBe(true);
    writeFileSync(`${path}-wal`, "more frames");
    expect(withFrames.unchanged()).toBe(false);
  });
});
