import { describe, expect, it } from "vitest";
import { DEFAULT_SETTINGS } from "../../../src/events/chosen-settings.ts";
import type { EndpointLifeEvent, EndpointRegistered } from "../../../src/events/endpoint.ts";
import type { CreationAbandoned } from "../../../src/events/reservation.ts";
import type { UserCreated } from "../../../src/events/user.ts";
import {
  endpoints,
  endpointsByUrl,
  endpointsOfUser,
  endpointsOfUserPage,
  endpointsPage,
} from "../../../src/projections/endpoints.ts";
import { snakeCased } from "../../../src/projections/snake-case.ts";
import { users, usersByEmail, usersByUsername, usersPage } from "../../../src/projections/users.ts";
import { RECEIVER_URL, at } from "../../specification/delivery-story.ts";
import {
  deleted,
  deliveriesEnded,
  disabled,
  enabled,
  failing,
  registered,
  rotated,
  updated,
} from "../../specification/endpoint-story.ts";
import { filled, specificationOf } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const given = specificationOf(users);
const givenEndpoints = specificationOf(endpoints);

function userCreated(userId: number, username: string, email: string | null = null): UserCreated {
  const apiKeyDigest = String(userId).padStart(64, "0");
  return { type: "UserCreated", data: { userId, username, email, apiKeyDigest, createdAt: at(userId) } };
}

function endpointRegistered(endpointId: number, userId: number): EndpointRegistered {
  const url = `https://receiver.example/${endpointId}`;
  return registered({ endpointId, userId, url, registeredAt: at(endpointId) });
}

/** What the model says of an endpoint that was registered without choosing anything. */
const NEW = {
  nickname: "the shop",
  ...snakeCased(DEFAULT_SETTINGS),
  sealed_keys: null,
  previous_keys: null,
  status: "enabled",
  disabled_reason: null,
  failing_warned_at: null,
  ending_since: null,
  gone_at: null,
  change_count: 1,
};

const abandoned: CreationAbandoned = {
  type: "CreationAbandoned",
  data: { takenOverBy: "user-9", abandonedAt: at(0) },
};

describe("the read model users", () => {
  it("has every user with the digest of its key, and nothing of a creation that was abandoned", async () => {
    await given(
      logOf([
        ["user-2", userCreated(2, "bobby")],
        ["user-3", abandoned],
        ["user-1", userCreated(1, "alice", "a@example.com")],
      ]),
    ).then(
      {
        _id: "1",
        user_id: 1,
        username: "alice",
        email: "a@example.com",
        email_key: "a@example.com",
        api_key_digest: "1".padStart(64, "0"),
        created_at: at(1),
      },
      {
        _id: "2",
        user_id: 2,
        username: "bobby",
        email: null,
        email_key: null,
        api_key_digest: "2".padStart(64, "0"),
        created_at: at(2),
      },
    );
  });

  it("finds users by their exact name, by their address in any spelling of its domain, and page by page", async () => {
    const documents = await filled(users, [
      logOf([
        ["user-1", userCreated(1, "alice", "a@bücher.example")],
        ["user-2", userCreated(2, "bobby", "A@BÜCHER.example")],
        ["user-10", userCreated(10, "Alice")],
        ["user-9", userCreated(9, "dora", "a@xn--bcher-kva.example")],
      ]),
    ]);
    const idsOf = (found: readonly { user_id: number }[]): number[] => found.map(({ user_id }) => user_id);
    expect(idsOf(await usersByUsername(documents, "alice"))).toEqual([1]);
    expect(idsOf(await usersByUsername(documents, "ali"))).toEqual([]);
    expect(idsOf(await usersByEmail(documents, "a@Bu\u0308cher.EXAMPLE"))).toEqual([1, 9]);
    expect(idsOf(await usersByEmail(documents, "A@bücher.example"))).toEqual([2]);
    expect(idsOf(await usersByEmail(documents, ""))).toEqual([]);
    expect(idsOf(await usersPage(documents, { limit: 2, after: null }))).toEqual([1, 2]);
    expect(idsOf(await usersPage(documents, { limit: 5, after: 2 }))).toEqual([9, 10]);
  });

  it("is empty for an empty log", async () => {
    await given([]).then();
  });

  it("finds a user by its exact name, and by any spelling of its address", async () => {
    const store = await filled(users, [
      logOf([
        ["user-1", userCreated(1, "alice", "a@ExAmple.com")],
        ["user-2", userCreated(2, "Alice")],
      ]),
    ]);
    expect((await usersByUsername(store, "alice")).map(({ user_id }) => user_id)).toEqual([1]);
    expect((await usersByEmail(store, "a@example.COM")).map(({ user_id }) => user_id)).toEqual([1]);
    expect(await usersByEmail(store, "A@example.com")).toEqual([]);
    expect(await usersByUsername(store, "nobody")).toEqual([]);
  });
});

describe("the read model endpoints", () => {
  it("has every endpoint with its user, and nothing of a creation that was abandoned", async () => {
    await givenEndpoints(
      logOf([
        ["endpoint-1", endpointRegistered(1, 3)],
        ["endpoint-2", abandoned],
        ["endpoint-3", endpointRegistered(3, 4)],
      ]),
    ).then(
      {
        _id: "1",
        endpoint_id: 1,
        user_id: 3,
        url: "https://receiver.example/1",
        ...NEW,
        created_at: at(1),
        updated_at: at(1),
      },
      {
        _id: "3",
        endpoint_id: 3,
        user_id: 4,
        url: "https://receiver.example/3",
        ...NEW,
        created_at: at(3),
        updated_at: at(3),
      },
    );
  });

  it("has what its owner made of it", async () => {
    const shown = { _id: "7", endpoint_id: 7, user_id: 3, url: RECEIVER_URL, ...NEW, created_at: at(0) };
    const story = (...events: EndpointLifeEvent[]) =>
      logOf([registered(), ...events].map((event) => ["endpoint-7", event] as const));
    const changes = { retrySchedule: [1], maxConcurrency: 2, sealedHeaders: "sealed", ed25519: true };
    const changed = { retry_schedule: [1], max_concurrency: 2, sealed_headers: "sealed", ed25519: true };
    await givenEndpoints(story(updated(changes, 1))).then({ ...shown, ...changed, change_count: 2, updated_at: at(1) });
    await givenEndpoints(
      story(updated(changes, 1), updated({ sealedHeaders: null, url: "https://b.example" }, 2)),
    ).then({
      ...shown,
      ...changed,
      sealed_headers: null,
      url: "https://b.example",
      change_count: 3,
      updated_at: at(2),
    });
    const previous = { sealed_keys: null, expires_at: at(9) };
    await givenEndpoints(story(rotated("k2", 1, 9))).then({
      ...shown,
      sealed_keys: "k2",
      previous_keys: previous,
      change_count: 2,
      updated_at: at(1),
    });
    await givenEndpoints(story(rotated("k2", 1, 9), rotated("k3", 2, 5))).then({
      ...shown,
      sealed_keys: "k3",
      previous_keys: { sealed_keys: "k2", expires_at: at(5) },
      change_count: 3,
      updated_at: at(2),
    });
  });

  it("has why it is disabled, and what is still to end", async () => {
    const shown = { _id: "7", endpoint_id: 7, user_id: 3, url: RECEIVER_URL, ...NEW, created_at: at(0) };
    const story = (...events: EndpointLifeEvent[]) =>
      logOf([registered(), ...events].map((event) => ["endpoint-7", event] as const));
    const asked = { ...shown, status: "disabled", disabled_reason: "requested", change_count: 2, updated_at: at(1) };
    await givenEndpoints(story(disabled("requested", 1))).then(asked);
    await givenEndpoints(story(disabled("requested", 1), enabled(2))).then({
      ...shown,
      change_count: 3,
      updated_at: at(2),
    });
    const gone = { ...asked, disabled_reason: "gone", gone_at: at(1), ending_since: at(1) };
    await givenEndpoints(story(disabled("gone", 1))).then(gone);
    await givenEndpoints(story(disabled("gone", 1), deliveriesEnded(2))).then({ ...gone, ending_since: null });
    await givenEndpoints(story(disabled("gone", 1), enabled(2))).then({ ...shown, change_count: 3, updated_at: at(2) });
    const over = { ...shown, status: "deleted", ending_since: at(1), change_count: 2, updated_at: at(1) };
    await givenEndpoints(story(deleted(1))).then(over);
    await givenEndpoints(story(deleted(1), deliveriesEnded(2))).then({ ...over, ending_since: null });
    await givenEndpoints(story(failing(3, 0, 5))).then({ ...shown, failing_warned_at: at(5), updated_at: at(0) });
    await givenEndpoints(story(failing(3, 0, 5), updated({ url: "https://b.example" }, 6))).then({
      ...shown,
      url: "https://b.example",
      change_count: 2,
      updated_at: at(6),
    });
  });

  it("gives all endpoints of a user by their numbers, however many, and no other user's", async () => {
    const log = Array.from({ length: 1_100 }, (_none, index) => {
      const event = endpointRegistered(index + 1, index % 11 === 0 ? 4 : 3);
      return [`endpoint-${index + 1}`, event] as const;
    });
    const documents = await filled(endpoints, [logOf(log)]);
    const ids = (await endpointsOfUser(documents, 3)).map((endpoint) => endpoint.endpoint_id);
    expect(ids).toEqual(log.flatMap(([, { data }]) => (data.userId === 3 ? [data.endpointId] : [])));
    expect(await endpointsOfUser(documents, 5)).toEqual([]);
  });

  it("gives those with a URL and those of a user, deleted ones as well, page by page", async () => {
    const url = "https://shared.example";
    const log = [2, 10, 9, 1].flatMap((id) => {
      const event = id === 1 ? endpointRegistered(1, 3) : registered({ endpointId: id, userId: 1 + (id % 2), url });
      const gone = { type: "EndpointDeleted", data: { endpointId: id, deletedAt: at(99) } } as const;
      return [event, ...(id === 9 ? [gone] : [])].map((one) => [`endpoint-${id}`, one] as const);
    });
    const documents = await filled(endpoints, [logOf(log)]);
    const idsOf = (found: readonly { endpoint_id: number }[]): number[] => found.map(({ endpoint_id }) => endpoint_id);
    const page = { limit: 2, after: null };
    expect(idsOf(await endpointsByUrl(documents, url, page))).toEqual([2, 9]);
    expect(idsOf(await endpointsByUrl(documents, url, { limit: 2, after: 9 }))).toEqual([10]);
    expect(idsOf(await endpointsByUrl(documents, `${url}/`, page))).toEqual([]);
    expect(idsOf(await endpointsPage(documents, { userId: 1 }, page))).toEqual([2, 10]);
    expect(idsOf(await endpointsPage(documents, { userId: 3, url }, page))).toEqual([]);
    expect(idsOf(await endpointsPage(documents, {}, { limit: 9, after: 1 }))).toEqual([2, 9, 10]);
  });

  it("gives a page of them that is full although deleted ones are between them, and the next after its last", async () => {
    const isDeleted = (id: number): boolean => id % 3 !== 0;
    const log = Array.from({ length: 30 }, (_none, index) => index + 1).flatMap((id) => {
      const gone = { type: "EndpointDeleted", data: { endpointId: id, deletedAt: at(99) } } as const;
      const events = [endpointRegistered(id, 3), ...(isDeleted(id) ? [gone] : [])];
      return events.map((event) => [`endpoint-${id}`, event] as const);
    });
    const documents = await filled(endpoints, [logOf(log)]);
    const idsAfter = async (after: number | null): Promise<number[]> =>
      (await endpointsOfUserPage(documents, 3, 4, after)).map(({ endpoint_id }) => endpoint_id);
    expect(await idsAfter(null)).toEqual([3, 6, 9, 12]);
    expect(await idsAfter(12)).toEqual([15, 18, 21, 24]);
    expect(await idsAfter(24)).toEqual([27, 30]);
    expect(await idsAfter(30)).toEqual([]);
  });
});
