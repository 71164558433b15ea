import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type { CollectionDefinition, DocumentQuery } from "../../src/projections/store/document-store.ts";
import { collectionSql } from "../../src/projections/store/sqlite/collection-sql.ts";
import { querySql } from "../../src/projections/store/sqlite/query-sql.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { THINGS, findIds, put, thing } from "./document-store-things.ts";

describe("the indexes of the SQLite read models", () => {
  let directory: string;
  let store: SqliteDocumentStore;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "read-models-"));
    store = SqliteDocumentStore.open(directory);
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const DELIVERIES: CollectionDefinition = {
    name: "deliveries_v1",
    indexes: [
      ["user_id", "created_at"],
      ["user_id", "status", "created_at"],
      ["user_id", "endpoint_id", "created_at"],
      { fields: ["user_id", "reference", "created_at"], present: "reference" },
    ],
  };
  const DUE: CollectionDefinition = { name: "due_deliveries_v1", indexes: [["due_at"]] };

  /** How SQLite would carry out the query, one step a line. */
  function planOf(collection: CollectionDefinition, query: DocumentQuery, columns?: string): string {
    const { sql, values } = querySql(collectionSql(collection), query, columns);
    const database = new DatabaseSync(join(directory, "read-models.sqlite"), { readOnly: true });
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    database.close();
    return steps.map(({ detail }) => String(detail)).join("\n");
  }

  const newest = { field: "created_at", direction: "descending" } as const;
  const after = { value: "2026-01-01T00:00:00.000Z", id: "x" };
  const range = { field: "created_at", from: "2025", to: "2027" };
  const dueFirst = { field: "due_at", direction: "ascending" } as const;
  const page = { order: newest, limit: 20 };
  const listings: [string, CollectionDefinition, DocumentQuery, string][] = [
    ["a user's deliveries", DELIVERIES, { ...page, equals: { user_id: 1 } }, "user_id,created_at"],
    ["a further page", DELIVERIES, { ...page, equals: { user_id: 1 }, after }, "user_id,created_at"],
    ["a time range", DELIVERIES, { ...page, equals: { user_id: 1 }, range, after }, "user_id,created_at"],
    [
      "one status",
      DELIVERIES,
      { ...page, equals: { user_id: 1, status: "FAILED" }, after },
      "user_id,status,created_at",
    ],
    [
      "one endpoint in a time range",
      DELIVERIES,
      { ...page, equals: { user_id: 1, endpoint_id: 2 }, range },
      "user_id,endpoint_id,created_at",
    ],
    [
      "one endpoint and one status",
      DELIVERIES,
      { ...page, equals: { user_id: 1, endpoint_id: 2, status: "FAILED" }, range, after },
      "user_id,(status|endpoint_id),created_at",
    ],
    [
      "one reference",
      DELIVERIES,
      { ...page, equals: { user_id: 1, reference: "a" }, after },
      "user_id,reference,created_at",
    ],
    [
      "one reference, status and endpoint in a time range",
      DELIVERIES,
      { ...page, equals: { user_id: 1, endpoint_id: 2, status: "FAILED", reference: "a" }, range },
      "user_id,reference,created_at",
    ],
    ["what is due", DUE, { order: dueFirst, limit: 100, range: { field: "due_at", to: "2027" } }, "due_at"],
    ["what is due next", DUE, { order: dueFirst, limit: 100, range: { field: "due_at", to: "2027" }, after }, "due_at"],
  ];

  it.each(listings)("serve %s in order, without a sort", async (_, collection, query, index) => {
    await store.prepare(collection);
    const plan = planOf(collection, query);
    expect(plan).toMatch(new RegExp(`^SEARCH documents:${collection.name} USING INDEX .*\\(${index}\\)`));
    expect(plan).not.toContain("TEMP B-TREE");
  });

  it("have no entry, and no change when it changes, of a document that a partial index leaves out", async () => {
    await store.prepare(DELIVERIES);
    const deliveries = Array.from({ length: 1_000 }, (_, at) => {
      const fields = { user_id: 1, status: "PENDING", endpoint_id: 2, created_at: `2026-01-01T00:00:00.${at}Z` };
      return { _id: `id-${at}`, position: positionOf(at), ...fields, reference: at === 7 ? "order 7" : null };
    });
    const inserts = deliveries.map((next) => ({ id: next._id, expected: null, next }));
    await store.write(DELIVERIES, inserts, null);
    const ended = deliveries.map((next) => ({
      id: next._id,
      expected: next.position,
      next: { ...next, status: "SUCCESS", position: positionOf(5_000) },
    }));
    await store.write(DELIVERIES, ended, null);
    const database = new DatabaseSync(join(directory, "read-models.sqlite"), { readOnly: true });
    const sizes = database.prepare("SELECT name, ncell FROM dbstat WHERE aggregate = TRUE AND name LIKE ?");
    const entries = new Map(sizes.all("documents:deliveries_v1(%").map(({ name, ncell }) => [name, ncell]));
    database.close();
    expect(entries.get("documents:deliveries_v1(user_id,reference,created_at) where reference")).toBe(1);
    expect(entries.get("documents:deliveries_v1(user_id,created_at)")).toBeGreaterThanOrEqual(1_000);
  });

  it("are all that a count reads, in pieces, each of which continues in the index", async () => {
    const due = Array.from({ length: 25_000 }, (_, at) => ({
      _id: `id-${at}`,
      position: positionOf(at),
      due_at: `2026-01-01T00:00:0${at % 10}.000Z`,
    }));
    await store.prepare(DUE);
    await store.write(
      DUE,
      due.map((next) => ({ id: next._id, expected: null, next })),
      null,
    );
    expect(await store.count(DUE, { field: "due_at" })).toBe(25_000);
    expect(await store.count(DUE, { field: "due_at", to: "2026-01-01T00:00:09" })).toBe(22_500);
    const query: DocumentQuery = { order: dueFirst, limit: 10, range: { field: "due_at", to: "2027" }, after };
    expect(planOf(DUE, query, "due_at, _id")).toMatch(/^SEARCH documents:due_deliveries_v1 USING COVERING INDEX/);
  });

  it("are made by a second preparation when the first left them for later, and queries are right before", async () => {
    await store.prepare(THINGS, "later");
    await put(store, thing("b", 1, { user_id: 2 }), thing("a", 2, { user_id: 2 }), thing("c", 3));
    const query: DocumentQuery = { ...page, equals: { user_id: 2 } };
    expect(() => planOf(THINGS, query)).toThrow("no such index");
    expect(await findIds(store, query)).toEqual(["b", "a"]);
    await store.prepare(THINGS);
    expect(planOf(THINGS, query)).toContain("USING INDEX");
    expect(await findIds(store, query)).toEqual(["b", "a"]);
    await store.prepare(THINGS, "later");
    expect(planOf(THINGS, query)).toContain("USING INDEX");
  });
});
