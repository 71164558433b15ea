import { describe, expect, it } from "vitest";
import { decideRegisterEndpoint, registerEndpoint } from "../../../src/commands/register-endpoint.ts";
import { DEFAULT_SETTINGS, openSettings } from "../../../src/events/chosen-settings.ts";
import { evolveEndpoint } from "../../../src/events/endpoint.ts";
import type { EventStore } from "../../../src/events/store/event-store.ts";
import {
  eventsOfType,
  newContext,
  newStore,
  NOON,
  outcomesOf,
  SECRET,
  times,
} from "../../fixtures/event-log/store-doubles.ts";
import { decider } from "../../specification/decider.ts";
import { registered } from "../../specification/endpoint-story.ts";

function register(store: EventStore, userId: number, url = "https://receiver.example/hook", nickname = "the shop") {
  const command = { userId, url, nickname, ...openSettings({}), now: NOON };
  const seal = (endpointId: number) => ({ ...DEFAULT_SETTINGS, sealedKeys: `keys of ${endpointId}` });
  return registerEndpoint(store, command, seal, SECRET, newContext());
}

describe("registering an endpoint", () => {
  it("decides the endpoint, once under its number", () => {
    const given = decider(evolveEndpoint, decideRegisterEndpoint);
    const { registeredAt: now, ...data } = registered({ sealedKeys: "keys" }).data;
    given()
      .when({ ...data, now })
      .then(registered({ sealedKeys: "keys" }));
    given(registered())
      .when({ ...data, now })
      .thenNothing();
  });

  it("appends the endpoint under a number of its own, its URL as it was sent", async () => {
    const store = newStore();
    const url = "https://Receiver.example:443/a/../hook?x=%41";
    await expect(register(store, 3, url)).resolves.toMatchObject({ endpointId: 1 });
    expect(await store.read("endpoint-1")).toMatchObject([
      {
        type: "EndpointRegistered",
        data: {
          endpointId: 1,
          userId: 3,
          url,
          nickname: "the shop",
          registeredAt: NOON,
          ...DEFAULT_SETTINGS,
          sealedKeys: "keys of 1",
        },
      },
    ]);
  });

  it("lets a user register a URL once: one of 50 at once", async () => {
    const store = newStore();
    const { done, refused } = await outcomesOf(times(50, () => register(store, 3)));
    expect(done).toHaveLength(1);
    expect(refused).toEqual({ endpoint_already_registered: 49 });
    expect(await eventsOfType(store, "EndpointRegistered")).toHaveLength(1);
  });

  it("lets every user register the same URL, and one user several", async () => {
    const store = newStore();
    const { done } = await outcomesOf(times(20, (index) => register(store, index + 1)));
    expect(done.map(({ endpointId }) => endpointId).sort((a, b) => a - b)).toEqual(times(20, (index) => index + 1));
    await expect(register(store, 1, "https://receiver.example/other")).resolves.toMatchObject({ endpointId: 21 });
  });

  it("compares URLs as text", async () => {
    const store = newStore();
    await register(store, 3, "https://receiver.example");
    await expect(register(store, 3, "https://receiver.example/")).resolves.toMatchObject({ endpointId: 2 });
  });

  it("does not confuse one user's URL with another's whose number begins the same", async () => {
    const store = newStore();
    await register(store, 1, "1 https://receiver.example");
    await expect(register(store, 11, "https://receiver.example")).resolves.toMatchObject({ endpointId: 2 });
  });

  it("lets nicknames repeat", async () => {
    const store = newStore();
    await register(store, 3, "https://receiver.example/1", "the shop");
    await expect(register(store, 3, "https://receiver.example/2", "the shop")).resolves.toBeDefined();
  });
});
