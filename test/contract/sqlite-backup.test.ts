import {
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { closeSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backUpLog } from "../../src/events/store/sqlite/files/backup-log.ts";
import type { BackupOptions } from "../../src/events/store/sqlite/files/backup-log.ts";
import { openDataDirectory } from "../../src/events/store/sqlite/files/data-directory.ts";
import { newLogSignal } from "../../src/events/store/sqlite/log-signal.ts";
import { SqliteLogFollower } from "../../src/events/store/sqlite/reading/sqlite-log-follower.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { collect, sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";

let folder: string;
/** The log that is copied, where its copies go, and where one is restored. */
let directory: string;
let target: string;
let restored: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "event-backup-"));
  [directory, target, restored] = ["log", "target", "restored"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [directory, target, restored]) mkdirSync(path);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Appends so many events of some 4 KB, each to a stream of its own. */
async function append(store: SqliteEventStore, from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const event = (number: number) => sampleEvent({ data: { number, text: "x".repeat(4_000) } });
  await Promise.all(numbers.map((number) => store.append(`user-${number}`, [event(number)], "no_stream")));
}

/** A closed log of some 8 MiB: enough for several pieces. */
async function seeded(): Promise<void> {
  const store = await SqliteEventStore.open({ directory });
  await append(store, 0, 1_600);
  await store.close();
}

function backUp(options: Partial<BackupOptions> = {}, from = directory): ReturnType<typeof backUpLog> {
  const { signal } = new AbortController();
  return backUpLog(from, join(target, "copy"), { onProgress: () => undefined, signal, ...options });
}

async function eventsIn(path: string): Promise<string[]> {
  const log = new SqliteLogFollower({ directory: path, signal: newLogSignal() });
  try {
    return (await collect(log.readAll())).map((event) => JSON.stringify(event));
  } finally {
    await log.close();
  }
}

describe("a backup", () => {
  it("is the log as it was at the beginning, to the event, while a gateway appends between all of its steps", async () => {
    const data = openDataDirectory(directory);
    const store = await SqliteEventStore.open({ directory });
    await append(store, 0, 1_600);
    const before = await eventsIn(directory);
    const appends: Promise<void>[] = [];
    let steps = 0;
    const { events, position } = await backUp({
      onProgress: (fraction, of) => {
        expect(of).toBe(1_600);
        expect(fraction).toBeGreaterThan(0);
        appends.push(append(store, 1_600 + 10 * steps, 10));
        steps += 1;
      },
    });
    await Promise.all(appends);
    const bytes = statSync(join(target, "copy")).size;
    // Had it begun anew because of the appends, there would be more.
    expect(steps).toBe(Math.ceil(bytes / 1024 / 1024) - 1);
    expect(await store.head()).not.toBe(position);
    expect({ events, position }).toEqual({ events: 1_600, position: "00000000000000001600" });
    await store.close();
    data.release();

    expect(readdirSync(target)).toEqual(["copy"]);
    expect(statSync(join(target, "copy")).mode & 0o777).toBe(0o600);
    copyFileSync(join(target, "copy"), join(restored, "events.sqlite"));
    const again = await SqliteEventStore.open({ directory: restored });
    expect(again.logId).toBe(store.logId);
    await append(again, 1_600, 1);
    await again.close();
    expect((await eventsIn(restored)).slice(0, -1)).toEqual(before);
  });

  it("has what a killed gateway left in the write-ahead log", async () => {
    const store = await SqliteEventStore.open({ directory });
    await append(store, 0, 20);
    for (const name of ["events.sqlite", "events.sqlite-wal"])
      copyFileSync(join(directory, name), join(restored, name));
    await store.close();
    expect(statSync(join(restored, "events.sqlite-wal")).size).toBeGreaterThan(0);
    expect(await backUp({}, restored)).toMatchObject({ events: 20 });
  });

  it("of an empty log is one", async () => {
    await (await SqliteEventStore.open({ directory })).close();
    expect(await backUp()).toMatchObject({ events: 0, position: null });
    copyFileSync(join(target, "copy"), join(restored, "events.sqlite"));
    expect(await eventsIn(restored)).toEqual([]);
  });
});

describe("a backup that cannot be made leaves nothing", () => {
  it("where a file is, which stays as it was", async () => {
    await seeded();
    writeFileSync(join(target, "copy"), "mine");
    await expect(backUp()).rejects.toThrow(/EEXIST/);
    expect(readFileSync(join(target, "copy"), "utf8")).toBe("mine");
  });

  it("when its signal aborts", async () => {
    await seeded();
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error("enough"));
    await expect(backUp({ signal: stop.signal, onProgress })).rejects.toThrow("enough");
    expect(readdirSync(target)).toEqual([]);
  });

  it("when a gateway starts on the log during it, which it would keep from starting", async () => {
    await seeded();
    const begun: ReturnType<typeof openDataDirectory>[] = [];
    const onProgress = () => {
      if (begun.length === 0) begun.push(openDataDirectory(directory));
    };
    await expect(backUp({ onProgress })).rejects.toThrow(`a gateway started on ${directory} during the backup`);
    expect(readdirSync(target)).toEqual([]);
    for (const data of begun) data.release();
  });

  it.each([
    ["has a page that was overwritten", () => overwrite(1_000 * 4096, Buffer.alloc(4096, 0xff))],
    ["was cut short", () => truncateSync(join(directory, "events.sqlite"), 4 * 1024 * 1024)],
    ["is not a database", () => writeFileSync(join(directory, "events.sqlite"), "this is no database".repeat(1_000))],
    ["is empty", () => truncateSync(join(directory, "events.sqlite"), 0)],
  ])("when the log %s", async (_, damage) => {
    await seeded();
    damage();
    const message = await backUp().then(
      () => "a backup was made",
      (error: unknown) => (error as Error).message,
    );
    expect(message).toMatch(/events\.sqlite is (damaged: |not a database|not an event log)[^\n]*$/);
    expect(readdirSync(target)).toEqual([]);
  });

  it("when the disk has no room, or has none any more", async ({ skip }) => {
    const reason = whyNoSmallDisk(target);
    if (reason !== null) return skip(reason);
    await seeded();
    for (const [size, line] of [
      ["6m", /^the backup takes \d+ MiB, and \S+ has \d MiB left; free some space$/],
      ["16m", /^there is no room left in \S+$/],
    ] as const) {
      const unmount = mountSmallDisk(target, size);
      try {
        const ballast = () => writeFileSync(join(target, "ballast"), Buffer.alloc(9 * 1024 * 1024));
        let filled = false;
        const onProgress = () => {
          if (!filled) ballast();
          filled = true;
        };
        await expect(backUp({ onProgress })).rejects.toThrow(line);
        expect(filled).toBe(size === "16m");
        expect(readdirSync(target)).toEqual(filled ? ["ballast"] : []);
      } finally {
        unmount();
      }
    }
  });
});

function overwrite(at: number, bytes: Uint8Array): void {
  const handle = openSync(join(directory, "events.sqlite"), "r+");
  writeSync(handle, bytes, 0, bytes.length, at);
  closeSync(handle);
}
