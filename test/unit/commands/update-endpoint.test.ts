import { describe, expect, it } from "vitest";
import { deleteEndpoint } from "../../../src/commands/delete-endpoint.ts";
import { loadStream } from "../../../src/commands/handling/command-handler.ts";
import { registerEndpoint } from "../../../src/commands/register-endpoint.ts";
import { endpointUrlReservation } from "../../../src/commands/uniqueness/endpoint-url.ts";
import { updateEndpoint } from "../../../src/commands/update-endpoint.ts";
import { DEFAULT_SETTINGS, openSettings } from "../../../src/events/chosen-settings.ts";
import { endpointStream, evolveEndpoint } from "../../../src/events/endpoint.ts";
import type { Endpoint, EndpointChanges } from "../../../src/events/endpoint.ts";
import { StoreUnavailable } from "../../../src/events/store/event-store-errors.ts";
import type { HookedEventStore } from "../../fixtures/event-log/store-doubles.ts";
import {
  NOON,
  SECRET,
  afterNoon,
  eventsOfType,
  newContext,
  newStore,
  outcomesOf,
  times,
} from "../../fixtures/event-log/store-doubles.ts";

const USER = 3;
const [A, B, C] = ["https://a.example", "https://b.example", "https://c.example"] as const;
/** When a reservation that its owner does not have may be taken over. */
const LATER = afterNoon(30_000);

async function register(store: HookedEventStore, url: string, now = NOON, userId = USER): Promise<number> {
  const command = { userId, url, nickname: "the shop", ...openSettings({}), now };
  const seal = () => ({ ...DEFAULT_SETTINGS, sealedKeys: null });
  return (await registerEndpoint(store, command, seal, SECRET, newContext())).endpointId;
}

function update(store: HookedEventStore, endpointId: number, changes: EndpointChanges, now = NOON) {
  return updateEndpoint(store, { endpointId, changes, now }, USER, SECRET, newContext());
}

function remove(store: HookedEventStore, endpointId: number, now = NOON) {
  return deleteEndpoint(store, { endpointId, now }, USER, SECRET, newContext());
}

async function endpoint(store: HookedEventStore, id: number): Promise<Endpoint | null> {
  return (await loadStream(store, endpointStream(id), evolveEndpoint)).state;
}

/** From the next append to a stream that matches on, the process is dead. */
function dieAt(store: HookedEventStore, matches: (stream: string, type: string) => boolean): void {
  let dead = false;
  store.onAppend = (stream, events, write) => {
    dead ||= matches(stream, events[0]?.type ?? "");
    return dead ? Promise.reject(new StoreUnavailable("the process died")) : write();
  };
}

const revive = (store: HookedEventStore): void => void (store.onAppend = (_stream, _events, write) => write());

describe("changing an endpoint's address", () => {
  it("reserves the new one, changes it, and frees the old one, in this order", async () => {
    const store = newStore();
    const id = await register(store, A);
    const before = store.appends.length;
    await update(store, id, { url: B });
    expect(store.appends.slice(before).map(({ stream, events }) => [stream, events[0]?.type])).toEqual([
      [endpointUrlReservation(USER, B, SECRET).stream, "ValueReserved"],
      [endpointStream(id), "EndpointUpdated"],
      [endpointUrlReservation(USER, A, SECRET).stream, "ValueReleased"],
    ]);
    await expect(register(store, B)).rejects.toThrow("endpoint_already_registered");
    await expect(register(store, A)).resolves.toBeDefined();
  });

  it("is refused when another of the user's has it, and changes nothing then", async () => {
    const store = newStore();
    const [id] = [await register(store, A), await register(store, B)];
    await expect(update(store, id, { url: B, nickname: "another" })).rejects.toThrow("endpoint_already_registered");
    expect(await endpoint(store, id)).toMatchObject({ url: A, nickname: "the shop" });
  });

  it("may be to one that another user has", async () => {
    const store = newStore();
    const id = await register(store, A);
    await register(store, B, NOON, USER + 1);
    await expect(update(store, id, { url: B })).resolves.toMatchObject({});
  });

  it("reserves nothing when the address stays", async () => {
    const store = newStore();
    const id = await register(store, A);
    expect(await update(store, id, { url: A })).toBeNull();
    const before = store.appends.length;
    await update(store, id, { url: A, nickname: "another" });
    expect(store.appends.slice(before).map(({ stream }) => stream)).toEqual([endpointStream(id)]);
  });

  it("to the same one goes to one of 20 endpoints at once", async () => {
    const store = newStore();
    const ids = await Promise.all(times(20, (n) => register(store, `${A}/${n}`)));
    const { done, refused } = await outcomesOf(ids.map((id) => update(store, id, { url: B })));
    expect(done).toHaveLength(1);
    expect(refused).toEqual({ endpoint_already_registered: 19 });
    const urls = await Promise.all(ids.map(async (id) => (await endpoint(store, id))?.url));
    expect(urls.filter((url) => url === B)).toHaveLength(1);
  });

  it("of one endpoint to several at once ends with one of them, and frees all others", async () => {
    const store = newStore();
    const id = await register(store, A);
    await outcomesOf(times(4, (n) => update(store, id, { url: `${B}/${n}` })));
    const { url = "" } = (await endpoint(store, id)) ?? {};
    for (const other of [A, ...times(4, (n) => `${B}/${n}`)].filter((it) => it !== url)) {
      await expect(register(store, other, LATER)).resolves.toBeDefined();
    }
    await expect(register(store, url, LATER)).rejects.toThrow("endpoint_already_registered");
  });
});

describe("changing an endpoint", () => {
  it("at once with 15 others is written for each of them", async () => {
    const store = newStore();
    const id = await register(store, A);
    const { done } = await outcomesOf(times(16, (n) => update(store, id, { nickname: `nickname ${n}` })));
    expect(done).toHaveLength(16);
    expect(await eventsOfType(store, "EndpointUpdated")).toHaveLength(16);
  });
});

describe("a change that died", () => {
  it("before it was made keeps the new address for 30 seconds, and the old one for good", async () => {
    const store = newStore();
    const id = await register(store, A);
    dieAt(store, (_stream, type) => type === "EndpointUpdated");
    await expect(update(store, id, { url: B })).rejects.toThrow(StoreUnavailable);
    revive(store);
    await expect(register(store, B, afterNoon(29_999))).rejects.toThrow("endpoint_already_registered");
    await expect(register(store, B, LATER)).resolves.toBeDefined();
    await expect(register(store, A, LATER)).rejects.toThrow("endpoint_already_registered");
  });

  it("before the old address was freed leaves that to whoever wants it", async () => {
    const store = newStore();
    const id = await register(store, A);
    dieAt(store, (_stream, type) => type === "ValueReleased");
    await expect(update(store, id, { url: B })).rejects.toThrow(StoreUnavailable);
    revive(store);
    expect(await endpoint(store, id)).toMatchObject({ url: B });
    await expect(register(store, A, LATER)).resolves.toBeDefined();
    await expect(register(store, B, LATER)).rejects.toThrow("endpoint_already_registered");
  });

  it("can be made again by the same endpoint at once", async () => {
    const store = newStore();
    const id = await register(store, A);
    dieAt(store, (_stream, type) => type === "EndpointUpdated");
    await expect(update(store, id, { url: B })).rejects.toThrow(StoreUnavailable);
    revive(store);
    await expect(update(store, id, { url: B })).resolves.not.toBeNull();
  });

  it("and comes back late finds its stream changed, so that nobody has the address twice", async () => {
    const store = newStore();
    const id = await register(store, A);
    let goOn = (): void => undefined;
    const stalled = new Promise<void>((resolve) => (goOn = resolve));
    let reached = (): void => undefined;
    const atChange = new Promise<void>((resolve) => (reached = resolve));
    let first = true;
    store.onAppend = async (_stream, events, write) => {
      const [event] = events;
      const isChange =
        event?.type === "EndpointUpdated" && Object.keys((event.data as { changes: object }).changes).length > 0;
      if (isChange && first) {
        first = false;
        reached();
        await stalled;
      }
      return write();
    };
    const slow = update(store, id, { url: B });
    await atChange;
    const other = await register(store, B, LATER);
    goOn();
    await expect(slow).rejects.toThrow("endpoint_already_registered");
    expect(await endpoint(store, id)).toMatchObject({ url: A });
    expect(await endpoint(store, other)).toMatchObject({ url: B });
  });
});

describe("deleting an endpoint", () => {
  it("frees its address, the one that it has now", async () => {
    const store = newStore();
    const id = await register(store, A);
    await update(store, id, { url: B });
    await remove(store, id);
    await expect(register(store, B)).resolves.toBeDefined();
    await expect(remove(store, id)).rejects.toThrow("endpoint_not_found");
    await expect(update(store, id, { url: C })).rejects.toThrow("endpoint_not_found");
  });

  it("that died before it freed the address leaves that to whoever wants it", async () => {
    const store = newStore();
    const id = await register(store, A);
    dieAt(store, (_stream, type) => type === "ValueReleased");
    await expect(remove(store, id)).rejects.toThrow(StoreUnavailable);
    revive(store);
    expect(await endpoint(store, id)).toMatchObject({ status: "deleted" });
    await expect(register(store, A, LATER)).resolves.toBeDefined();
  });

  it("is done once by 10 who ask at once", async () => {
    const store = newStore();
    const id = await register(store, A);
    const { done, refused } = await outcomesOf(times(10, () => remove(store, id)));
    expect(done.length).toBeGreaterThanOrEqual(1);
    expect(Object.keys(refused)).toEqual(["endpoint_not_found"]);
    const events = await store.read(endpointStream(id));
    expect(events.filter(({ type }) => type === "EndpointDeleted")).toHaveLength(1);
  });
});
