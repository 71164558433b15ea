import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { folderSizes } from "../../../src/storage/folder-sizes.ts";

it("the sizes of a folder are those of its databases, with what SQLite keeps beside them, and the room on its disk", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sizes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sizes = { "events.sqlite": 8_192, "events.sqlite-wal": 100, "events.sqlite-shm": 32, "read-models.sqlite": 7 };
  for (const [name, size] of Object.entries(sizes)) writeFileSync(join(folder, name), Buffer.alloc(size));
  const both = await folderSizes(folder, { log: true, readModels: true });
  expect(both).toMatchObject({ eventLogBytes: 8_324, readModelsBytes: 7 });
  expect(both.diskFreeBytes).toBeGreaterThan(0);
  const logOnly = await folderSizes(folder, { log: true, readModels: false });
  expect(logOnly).toMatchObject({ eventLogBytes: 8_324, readModelsBytes: null });
});

it("there are none where both stores are on servers", async () => {
  const none = { eventLogBytes: null, readModelsBytes: null, diskFreeBytes: null };
  expect(await folderSizes(null, { log: false, readModels: false })).toEqual(none);
});
