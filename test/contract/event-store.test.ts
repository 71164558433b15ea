import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { eventStoreContract } from "./event-store.contract.ts";

eventStoreContract("the store in memory", async () => {
  const store = new MemoryEventStore({ now: () => Date.now() });
  return { store, close: () => store.close() };
});

eventStoreContract("the embedded store", async () => {
  const directory = await mkdtemp(join(tmpdir(), "event-store-"));
  const store = await SqliteEventStore.open({ directory });
  let current = store;
  return {
    store,
    reopen: async () => {
      await current.close();
      current = await SqliteEventStore.open({ directory });
      return current;
    },
    close: async () => {
      await current.close();
      await rm(directory, { recursive: true });
    },
  };
});
