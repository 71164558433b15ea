import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  DataDirectoryInUse,
  DataDirectoryUnusable,
  openDataDirectory,
} from "../../src/events/store/sqlite/files/data-directory.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { AppendingChild } from "../fixtures/event-log/event-child-process.ts";
import { sampleEvents } from "../fixtures/event-log/event-samples.ts";
import { mountSmallDisk, remountReadOnly, whyNoSmallDisk } from "../fixtures/event-log/small-disk.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "event-directory-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe("a data directory", () => {
  it("is made where it is missing, for this user alone, and can be taken again after its release", () => {
    const path = join(directory, "made", "here");
    const data = openDataDirectory(path);
    expect(data.path).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    data.release();
    data.release();
    openDataDirectory(path).release();
    expect(readdirSync(path)).toEqual(["lock.sqlite"]);
  });

  it("is refused to a second process with one line that names the first, until that one is killed", async () => {
    const first = new AppendingChild(directory, 1);
    await first.until("open", 1);
    expect(() => openDataDirectory(directory)).toThrow(
      `DATA_DIR ${directory} is in use by another gateway (process ${first.pid})`,
    );
    const second = new AppendingChild(directory, 1);
    await second.ended();
    expect(second.lines).toEqual([
      `refused DataDirectoryInUse: DATA_DIR ${directory} is in use by another gateway (process ${first.pid})`,
    ]);
    await first.kill();
    openDataDirectory(directory).release();
  });

  it("is refused a second time in the same process, and the refusal does not free it", () => {
    const data = openDataDirectory(directory);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(() => openDataDirectory(directory)).toThrow(DataDirectoryInUse);
    }
    data.release();
  });

  it("is refused when its path is a file", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    expect(() => openDataDirectory(path)).toThrow(oneLine(/cannot create DATA_DIR .*name a folder/));
    expect(() => openDataDirectory(join(path, "below"))).toThrow(oneLine(/cannot create DATA_DIR .*name a folder/));
  });

  it("is refused when its lock is not a file", () => {
    mkdirSync(join(directory, "lock.sqlite"));
    expect(() => openDataDirectory(directory)).toThrow(oneLine(/cannot lock DATA_DIR .*lock\.sqlite/));
  });

  it("is refused when it cannot be written to", ({ skip }) => {
    const reason = whyNoSmallDisk(directory);
    if (reason !== null) return skip(reason);
    const unmount = mountSmallDisk(directory, "64k");
    try {
      remountReadOnly(directory);
      expect(() => openDataDirectory(directory)).toThrow(oneLine(/is not writable: .*give this user write permission/));
    } finally {
      unmount();
    }
  });
});

describe("opening the log", () => {
  const refusal = async (): Promise<unknown> => {
    const outcome = await SqliteEventStore.open({ directory }).then(
      (store) => store.close(),
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(DataDirectoryUnusable);
    return outcome;
  };
  const path = (): string => join(directory, "events.sqlite");
  const makeLog = async (): Promise<void> => {
    const store = await SqliteEventStore.open({ directory });
    await store.append("user-1", sampleEvents(200), "no_stream");
    await store.close();
  };
  const change = (sql: string): void => {
    const db = new DatabaseSync(path());
    db.exec(sql);
    db.close();
  };

  it("refuses a file that is not a database", async () => {
    writeFileSync(path(), "not a database\n".repeat(4096));
    expect(await refusal()).toEqual(oneLine(/events\.sqlite is not a database; move it away/));
  });

  it("refuses a database of another program and leaves it as it is", async () => {
    change("PRAGMA page_size = 4096; CREATE TABLE customers (id INTEGER PRIMARY KEY)");
    expect(await refusal()).toEqual(oneLine(/is not an event log of this program.*move it away/));
    const db = new DatabaseSync(path());
    expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    db.close();
  });

  it("refuses a log of a newer version", async () => {
    await makeLog();
    change("UPDATE meta SET value = '2' WHERE key = 'schema_version'");
    expect(await refusal()).toEqual(oneLine(/schema version 2, this program knows up to 1; start the newer program/));
  });

  it.each([
    "DELETE FROM meta WHERE key = 'schema_version'",
    "UPDATE meta SET value = 'x' WHERE key = 'schema_version'",
  ])("refuses a log without a version that it knows (%s)", async (sql) => {
    await makeLog();
    change(sql);
    expect(await refusal()).toEqual(oneLine(/schema.version.*restore it from a backup/));
  });

  it("refuses an empty file, which is the remains of a log and not a new one", async () => {
    await makeLog();
    truncateSync(path(), 0);
    expect(await refusal()).toEqual(oneLine(/is empty: it was truncated; restore it/));
  });

  it("refuses a write-ahead log whose database is missing", async () => {
    writeFileSync(`${path()}-wal`, "left over");
    expect(await refusal()).toEqual(oneLine(/-wal is there but .* is not; restore both/));
  });

  it("refuses a folder in the place of the database", async () => {
    mkdirSync(path());
    expect(await refusal()).toEqual(oneLine(/is not a file; move it away/));
  });

  it.each(["events_by_stream", "events_by_category"])("refuses a log whose end differs from its %s", async (index) => {
    await makeLog();
    const db = new DatabaseSync(path());
    const pages = db.prepare("SELECT pgoffset, pgsize FROM dbstat WHERE name = ? AND pagetype = 'leaf'").all(index);
    db.close();
    const bytes = readFileSync(path());
    for (const { pgoffset, pgsize } of pages) {
      const page = bytes.subarray(Number(pgoffset), Number(pgoffset) + Number(pgsize));
      for (let at = page.indexOf("user"); at >= 0; at = page.indexOf("user")) page.write("xser", at);
    }
    writeFileSync(path(), bytes);
    expect(await refusal()).toEqual(oneLine(/indexes of the event log do not match its events; restore it/));
  });

  it("ignores the remains of a log that was never completed", async () => {
    writeFileSync(`${path()}.new`, "half");
    await makeLog();
    expect(readdirSync(directory)).toEqual(["events.sqlite"]);
  });
});

/** Matches an error whose message is one line of this form. */
function oneLine(message: RegExp): Error {
  return expect.objectContaining({
    message: expect.stringMatching(new RegExp(`^(?=.*${message.source})[^\\n]+$`)) as string,
  }) as Error;
}
