import { afterAll, describe, it } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/eventstoredb/eventstoredb-event-store.ts";
import { eventStoreContract } from "../contract/event-store.contract.ts";
import { eventStoreDbServer } from "./eventstoredb-server.ts";

const server = await eventStoreDbServer();

if ("missing" in server) {
  describe("EventStoreDB (a real server) as an event store", () => {
    it("keeps the contract of the port", ({ skip }) => skip(server.missing));
  });
} else {
  afterAll(() => server.stop());
  eventStoreContract(
    "EventStoreDB (a real server)",
    async () => {
      let current = await EventStoreDbEventStore.open({ url: server.url });
      return {
        store: current,
        reopen: async () => {
          await current.close();
          current = await EventStoreDbEventStore.open({ url: server.url });
          return current;
        },
        close: () => current.close(),
      };
    },
    { sharedLog: true },
  );
}
