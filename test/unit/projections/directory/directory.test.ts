import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../../src/events/catalogue.ts";
import { StoreUnavailable } from "../../../../src/events/store/event-store-errors.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { Directory } from "../../../../src/projections/directory/directory.ts";
import { endpoints } from "../../../../src/projections/endpoints.ts";
import { pauses } from "../../../../src/projections/pauses.ts";
import { checkpointNameOf, collectionOf } from "../../../../src/projections/projection.ts";
import { users } from "../../../../src/projections/users.ts";
import { notePlaces, searchedBehind, shareWithOthers } from "../../../fixtures/event-log/shared-log.ts";
import { ProjectionWorld } from "../../../fixtures/projections/projection-world.ts";
import { at } from "../../../specification/delivery-story.ts";
import { deleted, deliveriesEnded, disabled, enabled, registered } from "../../../specification/endpoint-story.ts";

const digest = (userId: number) => String(userId).padStart(64, "0");

function userCreated(userId: number, email: string | null = null): GatewayEvent {
  const data = { userId, username: `user_${userId}`, email, apiKeyDigest: digest(userId), createdAt: at(0) };
  return { type: "UserCreated", data };
}

function endpointRegistered(endpointId: number): GatewayEvent {
  return registered({ endpointId, userId: 1 });
}

/** A directory that runs until the test ends it. */
function startDirectory(world: ProjectionWorld) {
  const abort = new AbortController();
  const directory = new Directory(world.log, world.documents, world.clock);
  const ended = directory.run(abort.signal);
  const stop = async (): Promise<void> => {
    abort.abort();
    await ended;
  };
  return { directory, stop };
}

/** A world whose read models have user 1 and endpoint 1 in them. */
async function worldWithModels(): Promise<ProjectionWorld> {
  const world = new ProjectionWorld();
  await world.append("user-1", userCreated(1));
  await world.append("endpoint-1", endpointRegistered(1));
  const runners = world.start();
  await world.caughtUp(runners);
  await runners.stop();
  return world;
}

describe("the directory", () => {
  it("knows what the read models have, without reading that part of the log again", async () => {
    const world = await worldWithModels();
    const asked = notePlaces(world.log);
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(await directory.userByKeyDigest(digest(1))).toMatchObject({ user_id: 1, username: "user_1" });
    expect(await directory.endpoint(1)).toMatchObject({ endpoint_id: 1, user_id: 1 });
    expect(asked).toEqual([await world.log.head()]);
    await stop();
  });

  it("counts the endpoints of a user that are not deleted, those of the read models and those after them", async () => {
    const world = await worldWithModels();
    const { directory, stop } = startDirectory(world);
    await world.append("endpoint-2", endpointRegistered(2));
    await world.append("endpoint-3", registered({ endpointId: 3, userId: 2 }));
    await world.clock.settle();
    expect([1, 2, 3].map((userId) => directory.endpointCount(userId))).toEqual([2, 1, 0]);
    await world.append("endpoint-2", { type: "EndpointDeleted", data: { endpointId: 2, deletedAt: at(9) } });
    await world.clock.settle();
    expect([1, 2, 3].map((userId) => directory.endpointCount(userId))).toEqual([1, 1, 0]);
    await stop();
  });

  it("resumes where the search of the earlier model ended", async () => {
    const world = await worldWithModels();
    for (const [projection, searchedTo] of [
      [users, 500],
      [endpoints, 400],
      [pauses, 450],
    ] as const) {
      const name = checkpointNameOf(projection);
      const checkpoint = await world.documents.checkpoint(name);
      const next = { ...checkpoint!, searchedTo: positionOf(searchedTo) };
      await world.documents.write(collectionOf(projection), [], next);
    }
    const asked = notePlaces(world.log);
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(asked).toEqual([positionOf(400)]);
    expect(await directory.whenSeen(await world.log.head(), 0)).toBe(true);
    await stop();
  });

  it("reads the log from its beginning when only one of the models is there", async () => {
    const world = await worldWithModels();
    await world.documents.drop(collectionOf(endpoints), checkpointNameOf(endpoints));
    const asked = notePlaces(world.log);
    const { directory, stop } = startDirectory(world);
    expect(await directory.endpoint(1)).toMatchObject({ endpoint_id: 1 });
    expect(asked).toEqual([null]);
    await stop();
  });

  it("misses nothing in a log that lies among events of others, and knows the end that it has seen", async () => {
    const world = new ProjectionWorld();
    shareWithOthers(world.log);
    await world.append("user-1", userCreated(1));
    const runners = world.start();
    await world.caughtUp(runners);
    await runners.stop();
    const asked = notePlaces(world.log);
    const { directory, stop } = startDirectory(world);
    expect(await directory.whenSeen(await world.log.head(), 1_000)).toBe(true);
    await world.append("user-2", userCreated(2));
    expect(await directory.userByKeyDigest(digest(2))).toMatchObject({ user_id: 2 });
    expect(asked).toEqual([searchedBehind(1)]);
    await stop();
  });

  it("is filled from the log alone when there are no read models", async () => {
    const world = new ProjectionWorld();
    await world.append("user-1", userCreated(1));
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    expect(await directory.userByKeyDigest(digest(1))).toMatchObject({ user_id: 1 });
    await stop();
  });

  it("knows by their key the addresses whose domain is not written in ASCII, from the models and the log", async () => {
    const world = new ProjectionWorld();
    await world.append("user-1", userCreated(1, "a@BU\u0308CHER.example"));
    await world.append("user-2", userCreated(2, "b@xn--bcher-kva.example"));
    const runners = world.start();
    await world.caughtUp(runners);
    await runners.stop();
    const { directory, stop } = startDirectory(world);
    await world.append("user-3", userCreated(3, "c@bücher.example"));
    const known = ["a", "b", "c"].map((local) => directory.hasUnicodeEmail(`${local}@xn--bcher-kva.example`));
    expect(await Promise.all(known)).toEqual([true, false, true]);
    await stop();
  });

  it("believes the log, not read models that are ahead of it because it was restored from an older copy", async () => {
    const newer = new ProjectionWorld();
    for (const userId of [1, 2]) await newer.append(`user-${userId}`, userCreated(userId));
    await newer.append("endpoint-1", endpointRegistered(1));
    const runners = newer.start();
    await newer.caughtUp(runners);
    await runners.stop();

    const restored = new ProjectionWorld();
    await restored.append("user-1", userCreated(1));
    const directory = new Directory(restored.log, newer.documents, restored.clock);
    const abort = new AbortController();
    const ended = directory.run(abort.signal);
    expect(await directory.userByKeyDigest(digest(1))).toMatchObject({ user_id: 1 });
    expect(await directory.userByKeyDigest(digest(2))).toBeNull();
    expect(await directory.endpoint(1)).toBeNull();
    await restored.append("user-3", userCreated(3));
    await restored.clock.advance(25);
    expect(await directory.userByKeyDigest(digest(3))).toMatchObject({ user_id: 3 });
    abort.abort();
    await ended;
  });

  it("follows the log", async () => {
    const world = await worldWithModels();
    const { directory, stop } = startDirectory(world);
    await world.clock.settle();
    await world.append("user-2", userCreated(2));
    await world.append("endpoint-2", endpointRegistered(2));
    expect(await directory.userByKeyDigest(digest(2))).toMatchObject({ user_id: 2 });
    expect(await directory.endpoint(2)).toMatchObject({ endpoint_id: 2 });
    await stop();
  });

  it("answers a miss only after it has seen what was in the log when the question came", async () => {
    const world = new ProjectionWorld();
    await world.append("user-1", userCreated(1));
    const { directory, stop } = startDirectory(world);
    // Asked before the directory had a chance to read anything.
    await expect(directory.userByKeyDigest(digest(1))).resolves.toMatchObject({ user_id: 1 });
    await expect(directory.endpoint(99)).resolves.toBeNull();
    await stop();
  });

  it("does not answer a miss while it cannot follow the log, and gives up after 4 s", async () => {
    const world = new ProjectionWorld();
    await world.append("user-1", userCreated(1));
    const directory = new Directory(world.log, world.documents, world.clock);
    let answer: unknown = "waiting";
    directory.userByKeyDigest(digest(1)).catch((error: unknown) => (answer = error));
    await world.clock.advance(3_999);
    expect(answer).toBe("waiting");
    await world.clock.advance(1);
    await world.clock.settle();
    expect(answer).toBeInstanceOf(StoreUnavailable);
  });

  it("does not wait when the log is empty", async () => {
    const world = new ProjectionWorld();
    const directory = new Directory(world.log, world.documents, world.clock);
    expect(await directory.endpoint(1)).toBeNull();
    expect(world.clock.timers).toBe(0);
  });

  it("says when it has seen a position", async () => {
    const world = new ProjectionWorld();
    const { directory, stop } = startDirectory(world);
    await world.append("user-1", userCreated(1));
    expect(await directory.whenSeen(await world.log.head(), 1_000)).toBe(true);
    await stop();
  });

  it("throws at an event that it cannot read, so that its caller learns of it", async () => {
    const world = new ProjectionWorld();
    await world.appendPoison("user-1");
    const directory = new Directory(world.log, world.documents, world.clock);
    await expect(directory.run(new AbortController().signal)).rejects.toMatchObject({ code: "unreadable_event" });
  });

  it("can be run again after it failed, and knows everything", async () => {
    const world = await worldWithModels();
    const subscribe = world.log.subscribe.bind(world.log);
    world.log.subscribe = () => {
      throw new Error("the log is down");
    };
    const directory = new Directory(world.log, world.documents, world.clock);
    await expect(directory.run(new AbortController().signal)).rejects.toThrow("the log is down");
    world.log.subscribe = subscribe;
    await world.append("user-2", userCreated(2));
    const abort = new AbortController();
    const ended = directory.run(abort.signal);
    expect(await directory.userByKeyDigest(digest(2))).toMatchObject({ user_id: 2 });
    expect(await directory.userByKeyDigest(digest(1))).toMatchObject({ user_id: 1 });
    abort.abort();
    await ended;
  });

  it("knows which endpoints have deliveries to end, and reports each change of state, even by another gateway", async () => {
    const world = await worldWithModels();
    await world.append("endpoint-2", endpointRegistered(2));
    const { directory, stop } = startDirectory(world);
    let turns = 0;
    directory.onEndpointStateChange(() => (turns += 1));
    await world.clock.settle();
    expect(directory.knownEndpoint(2)).toMatchObject({ endpoint_id: 2, status: "enabled" });
    expect(directory.knownEndpoint(3)).toBeNull();
    expect([directory.endingEndpoints, turns]).toEqual([[], 0]);

    const of = <E extends { readonly data: object }>(endpointId: number, event: E): E => ({
      ...event,
      data: { ...event.data, endpointId },
    });
    await world.append("endpoint-2", of(2, deleted(1)));
    await world.append("endpoint-1", of(1, disabled("gone", 2)));
    await world.clock.advance(1_000);
    expect([directory.endingEndpoints, turns]).toEqual([[1, 2], 2]);
    // A deleted one is still known, so that it is told from one that is not known yet.
    expect(directory.knownEndpoint(2)).toMatchObject({ status: "deleted" });
    await world.append("endpoint-2", of(2, deliveriesEnded(3)));
    await world.append("endpoint-1", of(1, enabled(4)));
    await world.clock.advance(1_000);
    expect([directory.endingEndpoints, turns]).toEqual([[], 3]);
    await stop();
  });
});
