import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditIndex } from "../../src/projections/audit-index/audit-index.ts";
import { findPositions } from "../../src/projections/audit-index/find-positions.ts";
import type { IndexQuery } from "../../src/projections/audit-index/find-positions.ts";
import { actorTerms, endpointTerm, outcomeTerm, typeTerm, userTerm } from "../../src/projections/audit-index/terms.ts";
import { foldBatch } from "../../src/projections/folding/fold-batch.ts";
import { collectionOf } from "../../src/projections/projection.ts";
import type { DocumentStore, StoredDocument } from "../../src/projections/store/document-store.ts";
import { collectionSql } from "../../src/projections/store/sqlite/collection-sql.ts";
import { querySql } from "../../src/projections/store/sqlite/query-sql.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { BUSY_START, busyLog, chancesOf } from "../fixtures/event-log/busy-log.ts";
import { batchesOf } from "../specification/projection.ts";

const LENGTH = 20_000;

describe("the queries of the audit index in SQLite", () => {
  let directory: string;
  let store: SqliteDocumentStore;
  let asked: Parameters<DocumentStore["find"]>[] = [];
  let loads = 0;
  const log = busyLog(LENGTH, chancesOf(5));
  const events = log.map(({ event }) => event);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "audit-index-"));
    store = SqliteDocumentStore.open(directory);
    await store.prepare(collectionOf(auditIndex));
    for (const batch of batchesOf(events, 4_000)) await foldBatch(auditIndex, store, batch);
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
    loads = 0;
  });

  /** The store, which counts what it is asked for. */
  const counted = (): DocumentStore => {
    const find = <D extends StoredDocument>(...query: Parameters<DocumentStore["find"]>): Promise<D[]> => {
      asked.push(query);
      return store.find<D>(...query);
    };
    const load = <D extends StoredDocument>(...call: Parameters<DocumentStore["load"]>): Promise<D[]> => {
      loads += 1;
      return store.load<D>(...call);
    };
    return { find, load } as unknown as DocumentStore;
  };

  async function firstOf(query: Partial<IndexQuery> & Pick<IndexQuery, "all">, count: number): Promise<number> {
    const full = { direction: "ascending", after: null, from: null, to: null, ...query } as const;
    let found = 0;
    for await (const positions of findPositions(counted(), full)) {
      found += positions.length;
      if (found >= count) break;
    }
    return found;
  }

  const at = (share: number): string => events[Math.floor(LENGTH * share)]!.recordedAt;
  const day = { from: at(0.4), to: at(0.42) };
  const queries: [string, Partial<IndexQuery> & Pick<IndexQuery, "all">][] = [
    ["a type", { all: [[typeTerm("DeliveryAttempted")]] }],
    ["a type of one day", { all: [[typeTerm("DeliveryAttempted")]], ...day }],
    ["a user of one day", { all: [[userTerm(1)]], ...day }],
    ["an endpoint, the newest", { all: [[endpointTerm(3)]], direction: "descending" }],
    ["deliveries of one day, the newest", { all: [[typeTerm("DeliveryRequested")]], direction: "descending", ...day }],
    ["an actor's failed attempts", { all: [actorTerms("delivery-worker"), [outcomeTerm("failed")]] }],
    ["a further page", { all: [[userTerm(1)]], after: events[LENGTH / 2]!.position }],
  ];

  it.each(queries)("search by key for %s, and never scan or sort", async (_what, query) => {
    await firstOf(query, Number.POSITIVE_INFINITY);
    expect(asked.length).toBeGreaterThan(0);
    const database = new DatabaseSync(join(directory, "read-models.sqlite"), { readOnly: true });
    for (const [collection, found] of asked) {
      const { sql, values } = querySql(collectionSql(collection), found);
      const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      expect(steps.map(({ detail }) => String(detail))).toEqual([
        expect.stringMatching(
          /^SEARCH documents:audit_index_v1 USING INDEX sqlite_autoindex_\S+ \(_id>\? AND _id<\?\)$/,
        ),
      ]);
    }
    database.close();
  });

  it.each(queries)("read a few chunks for the first of %s, however long the log is", async (_what, query) => {
    expect(await firstOf(query, 100)).toBeGreaterThan(0);
    // What is open, the two ends of the time and then one chunk for each term, at most two questions for each of them.
    expect(loads).toBe(2);
    expect(asked.length).toBeLessThanOrEqual(10);
  });

  it("read no more for a range of time that has nothing", async () => {
    const before = new Date(BUSY_START - 1_000).toISOString();
    expect(await firstOf({ all: [[userTerm(1)]], to: before }, 1)).toBeLessThanOrEqual(512);
    expect(asked.length).toBeLessThanOrEqual(10);
  });
});
