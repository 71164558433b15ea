import { describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../../../../../src/events/store/event-store-errors.ts";
import { LogHead } from "../../../../../../src/events/store/eventstoredb/reading/log-head.ts";
import type { FoundEvent } from "../../../../../../src/events/store/eventstoredb/wire/recorded-event.ts";
import { positionOf } from "../../../../../../src/events/store/position.ts";

/** A database with events of ours and of others, which counts what it is asked. */
class Database {
  readonly events: FoundEvent[] = [];
  searches = 0;
  slow = false;

  add(stream: string | null): void {
    const position = positionOf((this.events.length + 1) * 10);
    this.events.push({
      position,
      stream,
      id: position,
      type: "SomethingHappened",
      bytes: 0,
      recorded: () => expect.unreachable(),
    });
  }

  readonly reader = {
    end: async () => this.events.at(-1) ?? null,
    firstAfter: async (place: string | null) =>
      this.#search((all) => all.find(({ stream, position }) => stream !== null && position > (place ?? ""))),
    last: async () => this.#search((all) => all.findLast(({ stream }) => stream !== null)),
  };

  async #search(find: (all: FoundEvent[]) => FoundEvent | undefined): Promise<FoundEvent | null> {
    this.searches += 1;
    if (this.slow) throw new StoreUnavailable("it takes too long");
    return find(this.events) ?? null;
  }
}

describe("the end of a log in a database that others write to", () => {
  it("is that of its own last event, whatever others wrote after it", async () => {
    const database = new Database();
    const head = new LogHead(database.reader, ["w."]);
    expect(await head.find()).toBeNull();
    database.add(null);
    expect(await head.find()).toBeNull();
    database.add("user-1");
    database.add(null);
    expect(await head.find()).toBe(positionOf(20));
    database.add(null);
    database.add("user-1");
    database.add(null);
    expect(await head.find()).toBe(positionOf(50));
  });

  it("is not searched for where it was searched for before", async () => {
    const database = new Database();
    const head = new LogHead(database.reader, ["w."]);
    for (const stream of ["user-1", null]) database.add(stream);
    await head.find();
    const { searches } = database;
    expect(await head.find()).toBe(positionOf(10));
    expect(database.searches).toBe(searches);
    database.add(null);
    expect(await head.find()).toBe(positionOf(10));
    expect(database.searches).toBe(searches + 1);
  });

  it("is the end of all events where looking for it takes too long, and never goes back", async () => {
    const database = new Database();
    const head = new LogHead(database.reader, ["w."]);
    for (const stream of ["user-1", null]) database.add(stream);
    database.slow = true;
    expect(await head.find()).toBe(positionOf(20));
    database.slow = false;
    database.add(null);
    expect(await head.find()).toBe(positionOf(20));
    database.add("user-1");
    database.add(null);
    expect(await head.find()).toBe(positionOf(40));
  });
});
