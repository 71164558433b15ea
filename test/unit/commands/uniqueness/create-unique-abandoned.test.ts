import { describe, expect, it } from "vitest";
import { createUser } from "../../../../src/commands/create-user.ts";
import type { UserToCreate } from "../../../../src/commands/create-user.ts";
import { reservationStream } from "../../../../src/commands/uniqueness/reservations.ts";
import type { EventStore } from "../../../../src/events/store/event-store.ts";
import { StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import {
  afterNoon,
  eventsOfType,
  newContext,
  newStore,
  newUser,
  outcomesOf,
  SECRET,
  times,
} from "../../../fixtures/event-log/store-doubles.ts";
import type { HookedEventStore } from "../../../fixtures/event-log/store-doubles.ts";

const create = (store: EventStore, user: UserToCreate) => createUser(store, user, SECRET, newContext());

/** A store on which somebody reserved `alice` (and the address) and then died, before the user was there. */
async function storeWithDeadCreator(): Promise<HookedEventStore> {
  const store = newStore();
  store.onAppend = (stream, _events, write) =>
    stream.startsWith("user-") ? Promise.reject(new StoreUnavailable("the process died")) : write();
  await expect(create(store, newUser("alice", "a@example.com"))).rejects.toThrow(StoreUnavailable);
  store.onAppend = (_stream, _events, write) => write();
  return store;
}

describe("a creation that died after it reserved its names", () => {
  it("keeps the name from others for 30 seconds", async () => {
    const store = await storeWithDeadCreator();
    await expect(create(store, newUser("alice", null, afterNoon(29_999)))).rejects.toThrow("username_taken");
    await expect(create(store, newUser("bobby", "a@example.com", afterNoon(29_999)))).rejects.toThrow("email_taken");
  });

  it("leaves the name to exactly one of 20 who come after that at once", async () => {
    const store = await storeWithDeadCreator();
    const { done, refused } = await outcomesOf(
      times(20, () => create(store, newUser("alice", "a@example.com", afterNoon(30_000)))),
    );
    expect(done).toHaveLength(1);
    expect(refused).toEqual({ username_taken: 19 });
    expect(await eventsOfType(store, "UserCreated")).toHaveLength(1);
    expect(await eventsOfType(store, "CreationAbandoned")).toHaveLength(1);
  });

  it("leaves its name and its address to two different users", async () => {
    const store = await storeWithDeadCreator();
    await expect(create(store, newUser("alice", null, afterNoon(30_000)))).resolves.toMatchObject({ userId: 2 });
    await expect(create(store, newUser("bobby", "a@example.com", afterNoon(30_000)))).resolves.toMatchObject({
      userId: 3,
    });
  });

  it("can be taken over again when the one who took it over died too", async () => {
    const store = await storeWithDeadCreator();
    const name = reservationStream({ category: "username", value: "alice" }, SECRET);
    store.onAppend = (stream, _events, write) =>
      stream === name ? Promise.reject(new StoreUnavailable("the process died")) : write();
    await expect(create(store, newUser("alice", null, afterNoon(30_000)))).rejects.toThrow(StoreUnavailable);
    store.onAppend = (_stream, _events, write) => write();
    await expect(create(store, newUser("alice", null, afterNoon(30_001)))).resolves.toMatchObject({ userId: 3 });
    expect(await eventsOfType(store, "CreationAbandoned")).toHaveLength(1);
  });
});

describe("a creator that was only slow", () => {
  it("is refused when it comes after the take-over, and nobody has the name twice", async () => {
    const store = newStore();
    let goOn = (): void => undefined;
    const stalled = new Promise<void>((resolve) => (goOn = resolve));
    let reached = (): void => undefined;
    const atUser = new Promise<void>((resolve) => (reached = resolve));
    store.onAppend = async (stream, events, write) => {
      if (stream === "user-1" && events[0]?.type === "UserCreated") {
        reached();
        await stalled;
      }
      return write();
    };
    const slow = create(store, newUser("alice"));
    await atUser;
    await expect(create(store, newUser("alice", null, afterNoon(30_000)))).resolves.toMatchObject({ userId: 2 });
    goOn();
    await expect(slow).rejects.toThrow(StoreUnavailable);

    const created = await eventsOfType(store, "UserCreated");
    expect(created.map(({ stream }) => stream)).toEqual(["user-2"]);
    await expect(create(store, newUser("alice", null, afterNoon(3_600_000)))).rejects.toThrow("username_taken");
  });

  it("keeps the name when it came before the one who would take it over", async () => {
    const store = newStore();
    await create(store, newUser("alice"));
    await expect(create(store, newUser("alice", null, afterNoon(3_600_000)))).rejects.toThrow("username_taken");
    expect(await eventsOfType(store, "CreationAbandoned")).toHaveLength(0);
  });

  it("keeps the name when it comes between the look at its stream and the closing of it", async () => {
    const store = await storeWithSlowCreatorThatWinsTheClosing();
    expect((await eventsOfType(store, "UserCreated")).map(({ stream }) => stream)).toEqual(["user-1"]);
    expect(await eventsOfType(store, "CreationAbandoned")).toHaveLength(0);
  });
});

/** The slow creator's user is appended at the very moment at which another is about to close its stream. */
async function storeWithSlowCreatorThatWinsTheClosing(): Promise<HookedEventStore> {
  const store = newStore();
  let goOn = (): void => undefined;
  const stalled = new Promise<void>((resolve) => (goOn = resolve));
  let reached = (): void => undefined;
  const atUser = new Promise<void>((resolve) => (reached = resolve));
  let slow: Promise<unknown> = Promise.resolve();
  store.onAppend = async (_stream, events, write) => {
    if (events[0]?.type === "UserCreated") {
      reached();
      await stalled;
    }
    if (events[0]?.type === "CreationAbandoned") {
      goOn();
      await slow;
    }
    return write();
  };
  slow = create(store, newUser("alice"));
  await atUser;
  await expect(create(store, newUser("alice", null, afterNoon(30_000)))).rejects.toThrow("username_taken");
  await expect(slow).resolves.toMatchObject({ userId: 1 });
  return store;
}
