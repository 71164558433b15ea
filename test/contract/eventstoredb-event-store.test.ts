import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
import { MemoryEventStore } from "../../src/events/store/memory/memory-event-store.ts";
import { startFakeEventStoreDb } from "../fixtures/eventstoredb/fake-server.ts";
import { eventStoreContract } from "./event-store.contract.ts";

/** So long that no append waits in vain, however busy the machine is. Milliseconds. */
const deadlineMs = 60_000;

/** The adapter over the fake server, whose log has events of the server's own between ours or has not. */
for (const systemEvents of [false, true]) {
  const name = `EventStoreDB (fake${systemEvents ? ", with events of its own" : ""})`;
  eventStoreContract(
    name,
    async () => {
      const log = new MemoryEventStore({ now: () => Date.now() });
      const server = await startFakeEventStoreDb({ log, systemEvents });
      const options = { url: server.url, prefix: "webhook_gateway.", deadlineMs };
      const store = await EventStoreDbEventStore.open(options);
      let current = store;
      return {
        store,
        reopen: async () => {
          await current.close();
          current = await EventStoreDbEventStore.open(options);
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
