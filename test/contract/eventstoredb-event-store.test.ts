import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { eventStoreContract } from "./event-store.contract.ts";

/** The adapter over the fake server, whose log has events of the server's own between ours or has not. */
for (const systemEvents of [false, true]) {
  const name = `EventStoreDB (fake${systemEvents ? ", with events of its own" : ""})`;
  eventStoreContract(
    name,
    async () => {
      const log = new MemoryEventStore({ now: () => Date.now() });
      const server = await startFakeEventStoreDb({ log, systemEvents });
      const store = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
      let current = store;
      return {
        store,
        reopen: async () => {
          await current.close();
          current = await EventStoreDbEventStore.open({ url: server.url, prefix: "webhook_gateway." });
          return current;
        },
        close: async () => {
          await current.close();
          await server.close();
          await log.close();
        },
      };
    },
    { sharedLog: systemEvents },
  );
}
