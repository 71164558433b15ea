import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliveriesOfUser } from "../../src/projections/delivery-queries.ts";
import { attemptsUnderWay, dueBefore, dueIn } from "../../src/projections/due-deliveries.ts";
import {
  endpointsByFailures,
  failingEndpoints,
  failingNow,
  pendingOfUser,
} from "../../src/projections/endpoint-statistics/endpoint-standings.ts";
import { daysOfEndpoint } from "../../src/projections/endpoint-statistics/endpoint-statistics.ts";
import { usersByBacklog, usersByRate } from "../../src/projections/endpoint-statistics/user-loads.ts";
import { failedDeliveries } from "../../src/projections/failed-deliveries.ts";
import { heldByTime, heldNow } from "../../src/projections/held-deliveries.ts";
import { pendingDeliveriesOfUser } from "../../src/projections/pending-deliveries.ts";
import { collectionOf } from "../../src/projections/projection.ts";
import { PROJECTIONS } from "../../src/projections/read-models.ts";
import type { CollectionDefinition, DocumentQuery, DocumentStore } from "../../src/projections/store/document-store.ts";
import { collectionSql } from "../../src/projections/store/sqlite/collection-sql.ts";
import { querySql } from "../../src/projections/store/sqlite/query-sql.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { withMethods } from "../http/replaced-methods.ts";

const AT = "2026-03-01T12:00:00.000Z";
const AFTER = { after: { value: AT, id: "x" } };

describe("the queries of the operators' views on SQLite", () => {
  let directory: string;
  let store: SqliteDocumentStore;
  const asked: [CollectionDefinition, DocumentQuery][] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "read-models-"));
    store = SqliteDocumentStore.open(directory);
    for (const model of PROJECTIONS) await store.prepare(collectionOf(model));
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The store, which notes what it is asked. */
  const noting = (): DocumentStore =>
    withMethods<DocumentStore>(store, {
      find: (collection, query) => {
        asked.push([collection, query]);
        return store.find(collection, query);
      },
      count: (collection, range) => {
        asked.push([collection, { range, order: { field: range.field, direction: "ascending" }, limit: 1 }]);
        return store.count(collection, range);
      },
    });

  /** How SQLite would carry out the query, one step a line. */
  function planOf([collection, query]: readonly [CollectionDefinition, DocumentQuery]): string {
    const { sql, values } = querySql(collectionSql(collection), query);
    const database = new DatabaseSync(join(directory, "read-models.sqlite"), { readOnly: true });
    const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    database.close();
    return steps.map(({ detail }) => String(detail)).join("\n");
  }

  const all = async (pages: AsyncIterable<unknown>): Promise<void> => {
    for await (const page of pages) expect(page).toEqual([]);
  };

  it.each<[string, (documents: DocumentStore) => Promise<unknown>]>([
    ["what is due", (documents) => all(dueBefore(documents, AT, AFTER))],
    ["what is under way", (documents) => attemptsUnderWay(documents, AT)],
    ["what is held", (documents) => all(heldByTime(documents, null, AFTER))],
    ["what is held of an endpoint", (documents) => all(heldByTime(documents, 1, AFTER))],
    ["what failed", (documents) => all(failedDeliveries(documents, null, AFTER))],
    ["what failed of a user", (documents) => all(failedDeliveries(documents, { userId: 1 }, AFTER))],
    ["what failed at an endpoint", (documents) => all(failedDeliveries(documents, { endpointId: 1 }, AFTER))],
    ["what a user has pending", (documents) => all(pendingDeliveriesOfUser(documents, 1, AFTER))],
    ["endpoints by failures", (documents) => endpointsByFailures(documents, 10, null)],
    ["more endpoints by failures", (documents) => endpointsByFailures(documents, 10, { failures: 3, id: "x" })],
    ["users by backlog", (documents) => usersByBacklog(documents, 10, null)],
    ["more users by backlog", (documents) => usersByBacklog(documents, 10, { backlog: 3, id: "x" })],
    ["users by rate", (documents) => usersByRate(documents, 10, Date.parse(AT))],
    ["the counts", async (documents) => [await dueIn(documents, { from: AT, to: AT }), await heldNow(documents)]],
    ["the count of failing endpoints", (documents) => failingNow(documents, 20)],
    ["endpoints that fail for long", (documents) => all(failingEndpoints(documents, AT))],
    ["a user's standings", (documents) => pendingOfUser(documents, 1)],
    ["an endpoint's days", (documents) => daysOfEndpoint(documents, 1, {}, 10, "2026-03-01")],
    ["a client's list", (documents) => deliveriesOfUser(documents, 1, { status: "FAILED" }, 10, null)],
  ])("read %s in the order of an index, and nothing else", async (_, query) => {
    asked.length = 0;
    await query(noting());
    expect(asked.length).toBeGreaterThan(0);
    for (const one of asked) {
      const plan = planOf(one);
      expect(plan).toMatch(/^SEARCH documents:\w+ USING INDEX /);
      expect(plan).not.toContain("TEMP B-TREE");
    }
  });
});
