import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mendLooseModes } from "../../../src/storage/loose-modes.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loose-modes-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, mode: number): void => {
  writeFileSync(join(folder, name), "");
  chmodSync(join(folder, name), mode);
};
const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777;

describe("modes that are too loose", () => {
  it("are mended for the gateway's own files, and for no other", () => {
    put("events.sqlite", 0o644);
    put("events.sqlite-wal", 0o600);
    put("master.key", 0o640);
    put("operator.key", 0o400);
    put("notes.txt", 0o644);
    expect(mendLooseModes(folder)).toEqual({ mended: ["events.sqlite 0644", "master.key 0640"], left: [] });
    expect(["events.sqlite", "master.key", "operator.key", "notes.txt"].map(modeOf)).toEqual([
      0o600, 0o600, 0o400, 0o644,
    ]);
    expect(mendLooseModes(folder)).toEqual({ mended: [], left: [] });
  });

  it("are told of and left for the folder", () => {
    chmodSync(folder, 0o2775);
    expect(mendLooseModes(folder)).toEqual({ mended: [], left: [". 2775"] });
    chmodSync(folder, 0o711);
    expect(mendLooseModes(folder)).toEqual({ mended: [], left: [] });
  });

  it("are none where there is no folder", () => {
    expect(mendLooseModes(join(folder, "nowhere"))).toEqual({ mended: [], left: [] });
  });
});
