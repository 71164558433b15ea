import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliveries } from "../../src/projections/deliveries.ts";
import { deliveriesOfUser } from "../../src/projections/delivery-queries.ts";
import { endpoints, endpointsByUrl, endpointsPage } from "../../src/projections/endpoints.ts";
import { collectionOf } from "../../src/projections/projection.ts";
import type { DocumentStore, StoredDocument } from "../../src/projections/store/document-store.ts";
import { collectionSql } from "../../src/projections/store/sqlite/collection-sql.ts";
import { querySql } from "../../src/projections/store/sqlite/query-sql.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { users, usersByEmail, usersByUsername, usersPage } from "../../src/projections/users.ts";

describe("the queries of the read models in SQLite", () => {
  let directory: string;
  let store: SqliteDocumentStore;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "read-models-"));
    store = SqliteDocumentStore.open(directory);
    for (const model of [users, endpoints, deliveries]) await store.prepare(collectionOf(model));
  });
  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** How SQLite would carry out what a query function asks of the store, one step a line. */
  async function planOf(ask: (documents: DocumentStore) => Promise<unknown>): Promise<string> {
    const asked: Parameters<DocumentStore["find"]>[] = [];
    const find = <D extends StoredDocument>(...query: Parameters<DocumentStore["find"]>): Promise<D[]> => {
      asked.push(query);
      return store.find<D>(...query);
    };
    await ask(Object.assign(Object.create(store) as DocumentStore, { find }));
    const database = new DatabaseSync(join(directory, "read-models.sqlite"), { readOnly: true });
    const steps = asked.flatMap(([collection, query]) => {
      const { sql, values } = querySql(collectionSql(collection), query);
      return database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    });
    database.close();
    return steps.map(({ detail }) => String(detail)).join("\n");
  }

  const page = { limit: 20, after: null };
  const further = { limit: 20, after: 7 };
  const place = { createdAt: "2026-01-01T00:00:00.000Z", id: "x" };
  const times = { from: "2026-01-01T00:00:00.000Z", to: "2026-02-01T00:00:00.000Z" };

  it.each<[string, (documents: DocumentStore) => Promise<unknown>, string]>([
    ["users by name", (documents) => usersByUsername(documents, "alice"), "username"],
    ["users by address", (documents) => usersByEmail(documents, "a@b.example"), "email_key"],
    ["all users", (documents) => usersPage(documents, page), "user_id"],
    ["a further page of users", (documents) => usersPage(documents, further), "user_id"],
    ["endpoints by URL", (documents) => endpointsByUrl(documents, "https://a.example", page), "url,endpoint_id"],
    [
      "a further page of endpoints by URL",
      (documents) => endpointsByUrl(documents, "https://a.example", further),
      "url,endpoint_id",
    ],
    [
      "all endpoints of a user, deleted ones as well",
      (documents) => endpointsPage(documents, { userId: 1 }, further),
      "user_id,endpoint_id",
    ],
    [
      "a user's endpoints with a URL",
      (documents) => endpointsPage(documents, { userId: 1, url: "https://a.example" }, further),
      "user_id,endpoint_id",
    ],
    ["all endpoints", (documents) => endpointsPage(documents, {}, page), "endpoint_id"],
    ["a further page of endpoints", (documents) => endpointsPage(documents, {}, further), "endpoint_id"],
    [
      "a user's deliveries with a reference",
      (documents) => deliveriesOfUser(documents, 1, { reference: "a" }, 20, null),
      "user_id,reference,created_at",
    ],
    [
      "a further page of those, with every other filter",
      (documents) =>
        deliveriesOfUser(documents, 1, { reference: "a", status: "FAILED", endpointId: 2, ...times }, 20, place),
      "user_id,reference,created_at",
    ],
  ])("find %s in an index and in order", async (_what, ask, index) => {
    const plan = await planOf(ask);
    expect(plan).toMatch(new RegExp(`^SEARCH documents:\\w+ USING INDEX documents:\\w+\\(${index}\\)[^\n]*$`));
  });
});
