import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import { MongoDocumentStore } from "../../src/projections/store/mongodb/mongo-document-store.ts";
import { THINGS, thing } from "../contract/document-store-things.ts";
import { documentStoreContract } from "../contract/document-store.contract.ts";
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
    let url: string;
    let stores: MongoDocumentStore[];

    beforeEach(async () => {
      url = newDatabase(server.url);
      stores = await Promise.all([MongoDocumentStore.open({ url }), MongoDocumentStore.open({ url })]);
    });

    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await dropDatabase(url);
    });

    /** Both write the document from one position, each to a position of its own. Expects that exactly one did; gives it. */
    async function race(id: string, expected: number | null): Promise<number> {
      const nexts = stores.map((_, writer) => (expected ?? 0) + 1 + writer);
      const outcomes = await Promise.all(
        stores.map((store, writer) => {
          const next = thing(id, nexts[writer] ?? 0, { status: `writer ${writer}` });
          return store.write(THINGS, [{ id, expected: expected === null ? null : positionOf(expected), next }], null);
        }),
      );
      const winners = outcomes.flatMap((conflicts, writer) => (conflicts.length === 0 ? [writer] : []));
      expect(winners).toHaveLength(1);
      const [winner = 0] = winners;
      const at = nexts[winner] ?? 0;
      expect(await stores[0]?.load(THINGS, [id])).toEqual([thing(id, at, { status: `writer ${winner}` })]);
      return at;
    }

    it("of a new document: exactly one of them makes it", async () => {
      for (let round = 0; round < 50; round++) await race(`id-${round}`, null);
    });

    it("of one document at one position: exactly one of them writes", async ({ skip }) => {
      if (server.kind === "FerretDB") {
        return skip("FerretDB reads, computes and writes an update without holding the document");
      }
      let at = await race("a", null);
      for (let round = 0; round < 100; round++) at = await race("a", at);
    });
  });
}
