import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordedEvent } from "../../src/events/store/pages/event-row.ts";
import { DataDirectoryUnusable, openDataDirectory } from "../../src/events/store/sqlite/files/data-directory.ts";
import { SqliteLogReader } from "../../src/events/store/sqlite/reading/sqlite-log-reader.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { SqliteLog } from "../../src/events/store/sqlite/writing/sqlite-log.ts";
import { AppendingChild, wholeBatches } from "../fixtures/event-log/event-child-process.ts";
import { idsOf, sampleEvents } from "../fixtures/event-log/event-samples.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "event-crash-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("a process that is killed while it appends", () => {
  it.each([1, 32])("has lost nothing that it acknowledged and left no torn batch (%i callers)", async (callers) => {
    const acknowledged: string[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const child = new AppendingChild(directory, callers);
      await child.until("ack", 200 * round);
      await child.kill();
      expect(child.said("refused")).toEqual([]);
      acknowledged.push(...child.said("ack"));
    }
    const data = openDataDirectory(directory);
    const store = await SqliteEventStore.open({ directory: data.path });
    const batches = await wholeBatches(store);
    expect(acknowledged.length).toBeGreaterThanOrEqual(1200);
    expect(acknowledged.filter((stream) => !batches.has(stream))).toEqual([]);
    await store.close();
    data.release();
  });
});

describe("a log that was copied or cut off", () => {
  let ids: string[];
  let copies = 0;
  const source = (): string => join(directory, "source");

  /** Forty appends of three events; what they left on disk is in `source`, with or without its write-ahead log. */
  const makeLog = async (withWriteAheadLog: boolean): Promise<void> => {
    const original = join(directory, "original");
    mkdirSync(original);
    const store = await SqliteEventStore.open({ directory: original });
    ids = [];
    for (let round = 0; round < 40; round += 1) {
      const events = sampleEvents(3);
      await store.append(`batch-3-${round}`, events, "no_stream");
      ids.push(...idsOf(events));
    }
    if (!withWriteAheadLog) await store.close();
    mkdirSync(source());
    copyFileSync(join(original, "events.sqlite"), join(source(), "events.sqlite"));
    if (withWriteAheadLog) copyFileSync(join(original, "events.sqlite-wal"), join(source(), "events.sqlite-wal"));
    await store.close();
  };

  /** Opens a copy of `source` after `damage`, and gives the ids in it, or the refusal. */
  const openDamaged = (damage: (copy: string) => void): string[] | DataDirectoryUnusable => {
    copies += 1;
    const copy = join(directory, `copy-${copies}`);
    mkdirSync(copy);
    for (const file of ["events.sqlite", "events.sqlite-wal"]) {
      if (statSync(join(source(), file), { throwIfNoEntry: false }))
        copyFileSync(join(source(), file), join(copy, file));
    }
    damage(copy);
    try {
      const log = new SqliteLog(copy, { now: () => 0 });
      const reader = new SqliteLogReader(copy);
      const events = reader.page(0, undefined, 1000).rows.map(recordedEvent);
      reader.close();
      log.close();
      return idsOf(events);
    } catch (error) {
      if (error instanceof DataDirectoryUnusable) return error;
      throw error;
    }
  };

  it("has all events when the write-ahead log is whole", async () => {
    await makeLog(true);
    expect(openDamaged(() => undefined)).toEqual(ids);
  });

  it("opens to whole appends, from the first on, wherever the write-ahead log is torn", async () => {
    await makeLog(true);
    const bytes = statSync(join(source(), "events.sqlite-wal")).size;
    const lengths = new Set<number>();
    for (let step = 0; step <= 24; step += 1) {
      const cut = Math.floor((bytes * step) / 24) - (step % 3) * 100;
      const opened = openDamaged((copy) => truncateSync(join(copy, "events.sqlite-wal"), Math.max(0, cut)));
      expect(opened).toEqual(ids.slice(0, (opened as string[]).length));
      expect((opened as string[]).length % 3).toBe(0);
      lengths.add((opened as string[]).length);
    }
    expect(lengths.size).toBeGreaterThan(10);
  });

  it("opens to whole appends when bytes in the write-ahead log are wrong", async () => {
    await makeLog(true);
    for (let step = 1; step < 12; step += 1) {
      const opened = openDamaged((copy) => {
        const path = join(copy, "events.sqlite-wal");
        const bytes = readFileSync(path);
        bytes.fill(0xff, Math.floor((bytes.length * step) / 12), Math.floor((bytes.length * step) / 12) + 64);
        writeFileSync(path, bytes);
      });
      expect(opened).toEqual(ids.slice(0, (opened as string[]).length));
      expect((opened as string[]).length % 3).toBe(0);
    }
  });

  it("is refused with one line, wherever the database file is cut off", async () => {
    await makeLog(false);
    const bytes = statSync(join(source(), "events.sqlite")).size;
    const cuts = [1, 17, 100, 2048, 4096, bytes - 4096, bytes - 2048, bytes - 1];
    for (let step = 1; step < 12; step += 1) cuts.push(Math.floor((bytes * step) / 12 / 4096) * 4096);
    for (const cut of cuts.filter((length) => length > 0)) {
      const opened = openDamaged((copy) => truncateSync(join(copy, "events.sqlite"), cut));
      expect(opened).toBeInstanceOf(DataDirectoryUnusable);
      expect((opened as DataDirectoryUnusable).message).toMatch(
        /^[^\n]+; (restore it from a backup|move it away[^\n]*)$/,
      );
    }
  });
});
