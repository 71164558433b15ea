import { randomUUID } from "node:crypto";
import { afterAll, describe, it } from "vitest";
import { EventStoreDbEventStore } from "../../src/events/store/eventstoredb/eventstoredb-event-store.ts";
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
      const options = { url: server.url, prefix: `test_${randomUUID().replaceAll("-", "")}.` };
      let current = await EventStoreDbEventStore.open(options);
      return {
        store: current,
        reopen: async () => {
          await current.close();
          current = await EventStoreDbEventStore.open(options);
          return current;
        },
        close: () => current.close(),
      };
    },
    { sharedLog: true },
  );
}
