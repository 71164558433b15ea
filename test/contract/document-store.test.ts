import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryDocumentStore } from "../../src/projections/store/memory/memory-document-store.ts";
import { SqliteDocumentStore } from "../../src/projections/store/sqlite/sqlite-document-store.ts";
import { documentStoreContract } from "./document-store.contract.ts";

documentStoreContract("memory", async () => {
  const store = new MemoryDocumentStore();
  return { store, reader: store, dispose: () => store.close() };
});

documentStoreContract("sqlite", async () => {
  const directory = mkdtempSync(join(tmpdir(), "read-models-"));
  const store = SqliteDocumentStore.open(directory);
  const reader = SqliteDocumentStore.open(directory, { readOnly: true });
  return {
    store,
    reader,
    dispose: async () => {
      await reader.close();
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
