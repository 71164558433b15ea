import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ReadModelsUnavailable } from "../../src/projections/store/document-store.ts";
import { collectionSql } from "../../src/projections/store/sqlite/collection-sql.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import type { SqliteDocumentStoreOptions } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { portError } from "../../src/projections/store/sqlite/sqlite-failures.ts";
import { CHECKPOINT, checkpointAt, THINGS, collect, findIds, ids, put, thing } from "./document-store-things.ts";

let directory: string;
let file: string;
const opened: SqliteDocumentStore[] = [];
const resets: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "read-models-"));
  file = join(directory, "read-models.sqlite");
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  resets.length = 0;
  rmSync(directory, { recursive: true, force: true });
});

function open(options: SqliteDocumentStoreOptions = {}): SqliteDocumentStore {
  const store = SqliteDocumentStore.open(directory, { onReset: (reason) => resets.push(reason), ...options });
  opened.push(store);
  return store;
}

/** A file with these documents, closed. */
async function leaveFile(options: SqliteDocumentStoreOptions, ...names: readonly string[]): Promise<void> {
  const store = open(options);
  await store.prepare(THINGS);
  await put(store, ...names.map((name, at) => thing(name, at)));
  await store.write(THINGS, [], checkpointAt(1));
  await store.close();
}

/** Overwrites the file from this byte to its end. */
function damage(from: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(statSync(file).size - from, 0xa5), 0, null, from);
  closeSync(descriptor);
}

describe("the file of the SQLite read models", () => {
  it("keeps documents, checkpoints and indexes over a restart, for the same log", async () => {
    await leaveFile({ logId: "log-1" }, "a", "b");
    const store = open({ logId: "log-1" });
    await store.prepare(THINGS);
    expect(await findIds(store, {})).toEqual(["a", "b"]);
    expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(1));
    expect(resets).toEqual([]);
  });

  it("of the version before is read as it is, and brought up to date by the next writer", async () => {
    await leaveFile({ logId: "log-1" }, "a");
    changeFile("ALTER TABLE checkpoints DROP COLUMN searched_to; PRAGMA user_version = 2");
    const found = { ...checkpointAt(1), searchedTo: checkpointAt(1).position };
    const reader = open({ logId: "log-1", readOnly: true });
    expect(await reader.checkpoint(CHECKPOINT)).toEqual(found);
    const writer = open({ logId: "log-1" });
    expect(resets).toEqual([]);
    expect(ids(await collect(writer.scan(THINGS)))).toEqual(["a"]);
    for (const store of [reader, writer]) expect(await store.checkpoint(CHECKPOINT)).toEqual(found);
    await writer.write(THINGS, [], checkpointAt(2));
    for (const store of [reader, writer]) expect(await store.checkpoint(CHECKPOINT)).toEqual(checkpointAt(2));
  });

  it.each<[string, SqliteDocumentStoreOptions, () => void, string]>([
    ["was made from another log", { logId: "log-2" }, () => undefined, "the file was built from another log"],
    ["is not a database", {}, () => damage(0), "the file is damaged"],
    ["is cut off", {}, () => writeFileSync(file, "SQLite format 3\u0000"), "the file is damaged"],
    [
      "has an unknown schema version",
      {},
      () => changeFile("PRAGMA user_version = 999"),
      "the file has the unknown schema version 999",
    ],
    ["has other tables", {}, () => changeFile("DROP TABLE origin"), "the file has unknown tables"],
  ])("is made anew when it %s, and says so once", async (_, options, change, reason) => {
    await leaveFile({ logId: "log-1" }, "a");
    change();
    const store = open({ logId: "log-1", ...options });
    expect(resets).toEqual([reason]);
    expect(await store.checkpoint(CHECKPOINT)).toBeNull();
    await store.prepare(THINGS);
    await put(store, thing("b", 1));
    await store.close();
    expect(ids(await collect(open({ logId: "log-1", ...options }).scan(THINGS)))).toEqual(["b"]);
    expect(resets).toHaveLength(1);
  });

  it("is rebuilt at the restart after damage was found in use", async () => {
    await leaveFile({}, ...Array.from({ length: 2_000 }, (_, at) => `id-${at}`));
    damage(20 * 4096);
    const store = open();
    expect(resets).toEqual([]);
    await expect(collect(store.scan(THINGS))).rejects.toThrow(ReadModelsUnavailable);
    await store.close();
    expect(await collect(open().scan(THINGS))).toEqual([]);
    expect(resets).toEqual(["the file was found damaged"]);
    expect(readdirSync(directory).filter((name) => name.endsWith(".damaged"))).toEqual([]);
  });

  it("cannot be opened where something else is in its place, and the cause is kept", () => {
    mkdirSync(file);
    expect(() => open()).toThrow(ReadModelsUnavailable);
    try {
      open();
    } catch (error) {
      expect(error).toMatchObject({ code: "read_models_unavailable", cause: { code: "ERR_SQLITE_ERROR" } });
    }
    expect(resets).toEqual([]);
  });
});

function changeFile(sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}

describe("a reader of the SQLite read models", () => {
  it("reads nothing until a writer has made the file, the collection and the documents", async () => {
    const reader = open({ readOnly: true });
    const readsNothing = async (): Promise<void> => {
      expect(await reader.load(THINGS, ["a"])).toEqual([]);
      expect(await findIds(reader, {})).toEqual([]);
      expect(await collect(reader.scan(THINGS))).toEqual([]);
      expect(await reader.checkpoint(CHECKPOINT)).toBeNull();
    };
    await readsNothing();
    const writer = open();
    await readsNothing();
    await writer.prepare(THINGS);
    await readsNothing();
    await put(writer, thing("a", 1));
    expect(await findIds(reader, {})).toEqual(["a"]);
  });

  it("goes over to the file that a writer put in the place of the one it reads", async () => {
    await leaveFile({ logId: "log-1" }, "a");
    const reader = open({ readOnly: true });
    expect(await findIds(reader, {})).toEqual(["a"]);
    const writer = open({ logId: "log-2" });
    await writer.prepare(THINGS);
    expect(await findIds(reader, {})).toEqual([]);
    await put(writer, thing("b", 1));
    expect(await findIds(reader, {})).toEqual(["b"]);
  });

  it("does not use the models of another log", async () => {
    await leaveFile({ logId: "log-1" }, "a");
    expect(await findIds(open({ readOnly: true, logId: "log-2" }), {})).toEqual([]);
    expect(await findIds(open({ readOnly: true, logId: "log-1" }), {})).toEqual(["a"]);
  });

  it("refuses to write", async () => {
    open();
    const reader = open({ readOnly: true });
    await expect(reader.prepare(THINGS)).rejects.toThrow("read-only");
    await expect(reader.write(THINGS, [], null)).rejects.toThrow("read-only");
    await expect(reader.drop(THINGS, CHECKPOINT)).rejects.toThrow("read-only");
  });

  it("keeps reading while a writer is in the middle of a transaction", async () => {
    await leaveFile({}, "a");
    const reader = open({ readOnly: true });
    const writer = new DatabaseSync(file);
    writer.exec(`BEGIN IMMEDIATE; DELETE FROM ${collectionSql(THINGS).table}`);
    expect(await findIds(reader, {})).toEqual(["a"]);
    writer.exec("COMMIT");
    expect(await findIds(reader, {})).toEqual([]);
    writer.close();
  });
});

describe("failures of SQLite", () => {
  /** The error that the statement gives. */
  function failureOf(database: DatabaseSync, sql: string): unknown {
    try {
      database.exec(sql);
    } catch (error) {
      return portError(error);
    }
    throw new Error("the statement did not fail");
  }

  it("report a full disk as ReadModelsUnavailable, with the cause", () => {
    const database = new DatabaseSync(file);
    database.exec("CREATE TABLE t (x); PRAGMA max_page_count = 4");
    const failure = failureOf(database, "INSERT INTO t VALUES (zeroblob(100000))");
    expect(failure).toBeInstanceOf(ReadModelsUnavailable);
    expect(failure).toMatchObject({
      message: "the read models have no room left on the disk",
      cause: { code: "ERR_SQLITE_ERROR", errcode: 13 },
    });
    database.close();
  });

  it("report another writer as ReadModelsUnavailable", () => {
    const [first, second] = [new DatabaseSync(file), new DatabaseSync(file)];
    first.exec("BEGIN IMMEDIATE");
    expect(failureOf(second, "BEGIN IMMEDIATE")).toMatchObject({
      message: "the read models are locked by another writer",
    });
    first.close();
    second.close();
  });

  it("leave a mistake in a statement and any other error as they are", () => {
    const database = new DatabaseSync(file);
    expect(failureOf(database, "SELECT 1 FROM nowhere")).not.toBeInstanceOf(ReadModelsUnavailable);
    database.close();
    const other = new RangeError("other");
    expect(portError(other)).toBe(other);
  });
});
