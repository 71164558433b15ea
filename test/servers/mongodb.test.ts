import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { afterAll, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/position.ts";
import { MongoDocumentStore } from "../../src/projections/mongodb/mongo-document-store.ts";
import { documentStoreContract } from "../contract/document-store.contract.ts";
import { THINGS, insert, thing } from "../contract/document-store-things.ts";
import { mongoDbServer, withDatabase } from "./mongodb-server.ts";

const server = await mongoDbServer();

/** The URL of a database that nobody else uses. */
function newDatabase(url: string): string {
  return withDatabase(url, `test_${randomUUID().replaceAll("-", "")}`);
}

async function dropDatabase(url: string): Promise<void> {
  const client = new MongoClient(url);
  await client.db().dropDatabase();
  await client.close();
}

if ("missing" in server) {
  describe("MongoDB as a document store", () => {
    it("keeps the contract of the port", ({ skip }) => skip(server.missing));
  });
} else {
  afterAll(() => server.stop());

  documentStoreContract(`MongoDB (${server.kind})`, async () => {
    const url = newDatabase(server.url);
    const store = await MongoDocumentStore.open({ url });
    const reader = await MongoDocumentStore.open({ url });
    return {
      store,
      reader,
      dispose: async () => {
        await reader.close();
        await store.close();
        await dropDatabase(url);
      },
    };
  });

  describe(`two writers to MongoDB (${server.kind})`, () => {
    it("of one document at one position: exactly one of them writes", async ({ skip }) => {
      if (server.kind === "FerretDB")
        skip("FerretDB reads, computes and writes an update without holding the document");
      const url = newDatabase(server.url);
      const stores = await Promise.all([MongoDocumentStore.open({ url }), MongoDocumentStore.open({ url })]);
      await stores[0]?.write(THINGS, [insert(thing("a", 0))], null);
      for (let at = 1; at <= 100; at++) {
        const writes = stores.map((store, writer) => {
          const next = thing("a", at, { status: `writer ${writer}` });
          return store.write(THINGS, [{ id: "a", expected: positionOf(at - 1), next }], null);
        });
        const conflicts = (await Promise.all(writes)).filter((ids) => ids.length > 0);
        // A loser that finds what it wanted to write need not say that it lost.
        expect(conflicts.length).toBeLessThanOrEqual(1);
      }
      await Promise.all(stores.map((store) => store.close()));
      await dropDatabase(url);
    });
  });
}
