import { describe, expect, it } from "vitest";
import { createUser, decideCreateUser } from "../../../src/commands/create-user.ts";
import type { UserToCreate } from "../../../src/commands/create-user.ts";
import { CommandRefused } from "../../../src/commands/handling/refusals.ts";
import { reservationStream } from "../../../src/commands/uniqueness/reservations.ts";
import type { EventStore } from "../../../src/events/store/event-store.ts";
import { AppendOutcomeUnknown, StoreUnavailable } from "../../../src/events/store/event-store-errors.ts";
import {
  eventsOfType,
  newContext,
  newStore,
  newUser,
  NOON,
  outcomesOf,
  SECRET,
  times,
} from "../../fixtures/event-log/store-doubles.ts";

const create = (store: EventStore, user: UserToCreate) => createUser(store, user, SECRET, newContext());

describe("creating a user", () => {
  it("decides the user, with all that is known of it but its key", () => {
    const user = { userId: 7, username: "alice", email: null, apiKeyDigest: "0".repeat(64) };
    const created = { ...user, createdAt: NOON };
    expect(decideCreateUser({ ...user, now: NOON }, null)).toEqual([{ type: "UserCreated", data: created }]);
    expect(decideCreateUser({ ...user, now: NOON }, created)).toEqual([]);
  });

  it("appends the user under a number of its own, and gives where it stands", async () => {
    const store = newStore();
    const { userId, appended } = await create(store, newUser("alice", "a@example.com"));
    const [event] = await store.read("user-1");
    expect(userId).toBe(1);
    expect(event).toMatchObject({
      type: "UserCreated",
      data: { userId: 1, username: "alice", email: "a@example.com", apiKeyDigest: "0".repeat(64), createdAt: NOON },
    });
    expect(appended).toEqual({ revision: event?.revision, position: event?.position });
  });

  it("counts users up from 1", async () => {
    const store = newStore();
    const ids: number[] = [];
    for (const name of ["alice", "bobby", "carol"]) ids.push((await create(store, newUser(name))).userId);
    expect(ids).toEqual([1, 2, 3]);
  });

  it("refuses a name that is taken, without using up a number", async () => {
    const store = newStore();
    await create(store, newUser("alice", "a@example.com"));
    await expect(create(store, newUser("alice"))).rejects.toThrow(new CommandRefused("username_taken"));
    await expect(create(store, newUser("bobby", "a@example.com"))).rejects.toThrow(new CommandRefused("email_taken"));
    expect((await create(store, newUser("bobby"))).userId).toBe(2);
    expect(await eventsOfType(store, "NumberTaken")).toHaveLength(2);
  });

  it("names the username when both are taken", async () => {
    const store = newStore();
    await create(store, newUser("alice", "a@example.com"));
    await expect(create(store, newUser("alice", "a@example.com"))).rejects.toThrow("username_taken");
  });

  it("holds names apart that differ in case", async () => {
    const store = newStore();
    await create(store, newUser("alice"));
    await expect(create(store, newUser("Alice"))).resolves.toMatchObject({ userId: 2 });
  });

  it("lets any number of users have no e-mail address", async () => {
    const store = newStore();
    const { done } = await outcomesOf(times(20, (index) => create(store, newUser(`user_${index}`))));
    expect(done).toHaveLength(20);
  });

  it("lets exactly one of 100 at once have a username", async () => {
    const store = newStore();
    const { done, refused } = await outcomesOf(times(100, () => create(store, newUser("alice"))));
    expect(done).toHaveLength(1);
    expect(refused).toEqual({ username_taken: 99 });
    expect(await eventsOfType(store, "UserCreated")).toHaveLength(1);
    expect(await eventsOfType(store, "ValueReserved")).toHaveLength(1);
  });

  it("lets exactly one of 100 at once have an e-mail address, and frees the names of the others", async () => {
    const store = newStore();
    const users = times(100, (index) => newUser(`user_${index}`, "a@example.com"));
    const { done, refused } = await outcomesOf(users.map((user) => create(store, user)));
    expect(done).toHaveLength(1);
    expect(refused).toEqual({ email_taken: 99 });
    expect(await eventsOfType(store, "UserCreated")).toHaveLength(1);

    const again = await outcomesOf(users.map(({ username }) => create(store, newUser(username))));
    expect(again.done).toHaveLength(99);
    expect(again.refused).toEqual({ username_taken: 1 });
  });

  it("keeps the username and the e-mail address out of everything but the user", async () => {
    const store = newStore();
    await create(store, newUser("alice", "a@example.com"));
    const others: string[] = [];
    for await (const event of store.readAll()) {
      if (event.type !== "UserCreated") others.push(JSON.stringify(event));
    }
    expect(others).toHaveLength(3);
    expect(others.join()).not.toMatch(/alice|example/);
  });

  it("names reservations by a keyed digest, and each kind of value apart", () => {
    const alice = { category: "username", value: "alice" } as const;
    const stream = reservationStream(alice, SECRET);
    expect(stream).toMatch(/^username-[0-9a-f]{64}$/);
    expect(reservationStream(alice, SECRET)).toBe(stream);
    expect(reservationStream(alice, new Uint8Array(32))).not.toBe(stream);
    expect(reservationStream({ category: "email", value: "alice" }, SECRET).slice(-64)).not.toBe(stream.slice(-64));
  });

  it("creates once when the same command is repeated after the answer was lost", async () => {
    const store = newStore();
    let losses = 3;
    store.onAppend = async (stream, _events, write) => {
      const result = await write();
      // Each kind of append loses its answer once: the number's, the reservation's, the user's.
      if (store.appends.filter((append) => append.stream === stream).length > 1) return result;
      losses--;
      throw new AppendOutcomeUnknown("the connection broke");
    };
    await expect(create(store, newUser("alice"))).resolves.toMatchObject({ userId: 1 });
    expect(losses).toBe(0);
    expect(await eventsOfType(store, "NumberTaken")).toHaveLength(1);
    expect(await eventsOfType(store, "ValueReserved")).toHaveLength(1);
    expect(await eventsOfType(store, "UserCreated")).toHaveLength(1);
  });

  it("says that the store is unavailable when it is, and has promised nothing", async () => {
    const store = newStore();
    store.onAppend = () => Promise.reject(new StoreUnavailable("the disk is full"));
    await expect(create(store, newUser("alice"))).rejects.toThrow(StoreUnavailable);
    store.onAppend = (_stream, _events, write) => write();
    await expect(create(store, newUser("alice"))).resolves.toMatchObject({ userId: 1 });
  });
});
