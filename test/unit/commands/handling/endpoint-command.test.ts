import { describe, expect, it } from "vitest";
import { decideDeleteEndpoint } from "../../../../src/commands/delete-endpoint.ts";
import { decideDisableEndpoint } from "../../../../src/commands/disable-endpoint.ts";
import type { DisableEndpoint } from "../../../../src/commands/disable-endpoint.ts";
import { decideDisableGoneEndpoint } from "../../../../src/commands/disable-gone-endpoint.ts";
import { decideEnableEndpoint } from "../../../../src/commands/enable-endpoint.ts";
import { decideEndDeliveries } from "../../../../src/commands/end-deliveries.ts";
import { eventsToAppend } from "../../../../src/commands/handling/command-context.ts";
import { handleEndpointCommand } from "../../../../src/commands/handling/endpoint-command.ts";
import { decideUpdateEndpoint } from "../../../../src/commands/update-endpoint.ts";
import type { UpdateEndpoint } from "../../../../src/commands/update-endpoint.ts";
import { decideWarnOfFailing } from "../../../../src/commands/warn-of-failing.ts";
import type { WarnOfFailing } from "../../../../src/commands/warn-of-failing.ts";
import { endpointStream, evolveEndpoint } from "../../../../src/events/endpoint.ts";
import type { EndpointChanges } from "../../../../src/events/endpoint.ts";
import { disablingReason } from "../../../../src/events/endpoint-terms.ts";
import type { DisablingReason } from "../../../../src/events/endpoint-terms.ts";
import type { StreamStore } from "../../../../src/events/store/event-store.ts";
import { newContext, newStore } from "../../../fixtures/event-log/store-doubles.ts";
import type { HookedEventStore } from "../../../fixtures/event-log/store-doubles.ts";
import { decider } from "../../../specification/decider.ts";
import { RECEIVER_URL, at } from "../../../specification/delivery-story.ts";
import {
  ENDPOINT_ID,
  OWNER_ID,
  askedByOwner,
  deleted,
  deliveriesEnded,
  disabled,
  enabled,
  failing,
  registered,
  updated,
} from "../../../specification/endpoint-story.ts";

const command = { endpointId: ENDPOINT_ID, now: at(9) };

describe("disabling an endpoint", () => {
  const given = decider(evolveEndpoint, askedByOwner(decideDisableEndpoint));
  const disable = (reason: DisablingReason): DisableEndpoint => ({ ...command, reason });

  it("stops its attempts and says why", () => {
    for (const reason of disablingReason.options) {
      given(registered()).when(disable(reason)).then(disabled(reason, 9));
    }
  });

  it("is nothing new when it is disabled, whoever asks", () => {
    given(registered(), disabled("requested", 1)).when(disable("requested")).thenNothing();
    given(registered(), disabled("failing", 1)).when(disable("requested")).thenNothing();
    given(registered(), disabled("requested", 1)).when(disable("failing")).thenNothing();
    given(registered(), disabled("gone", 1)).when(disable("gone")).thenNothing();
  });

  it("says that it is gone even then, since what is pending has to end", () => {
    given(registered(), disabled("requested", 1)).when(disable("gone")).then(disabled("gone", 9));
  });

  it("can be done again after it was enabled", () => {
    given(registered(), disabled("requested", 1), enabled(2)).when(disable("requested")).then(disabled("requested", 9));
  });

  it("is refused for one that is deleted, unknown, or another user's", () => {
    expect(() => given(registered(), deleted(1)).when(disable("requested"))).toThrow("endpoint_not_found");
    expect(() => given().when(disable("requested"))).toThrow("endpoint_not_found");
    expect(() => given(registered({ userId: OWNER_ID + 1 })).when(disable("requested"))).toThrow(
      "endpoint_access_denied",
    );
  });
});

describe("an endpoint that answers 410", () => {
  const given = decider(evolveEndpoint, askedByOwner(decideDisableGoneEndpoint));
  const gone = { ...command, url: RECEIVER_URL };

  it("is disabled", () => {
    given(registered()).when(gone).then(disabled("gone", 9));
  });

  it("is not, when it was the address that it had before", () => {
    given(registered(), updated({ url: "https://new.example" }, 1))
      .when(gone)
      .thenNothing();
  });
});

describe("enabling an endpoint", () => {
  const given = decider(evolveEndpoint, askedByOwner(decideEnableEndpoint));

  it("lets attempts go on, whatever they were stopped for", () => {
    for (const reason of disablingReason.options) {
      given(registered(), disabled(reason, 1)).when(command).then(enabled(9));
    }
  });

  it("is nothing new when it is enabled", () => {
    given(registered()).when(command).thenNothing();
    given(registered(), disabled("requested", 1), enabled(2)).when(command).thenNothing();
  });
});

describe("deleting an endpoint", () => {
  it("is for good, whether it was enabled or not", () => {
    const given = decider(evolveEndpoint, askedByOwner(decideDeleteEndpoint));
    given(registered()).when(command).then(deleted(9));
    given(registered(), disabled("gone", 1)).when(command).then(deleted(9));
    expect(() => given(registered(), deleted(1)).when(command)).toThrow("endpoint_not_found");
  });
});

describe("changing an endpoint", () => {
  const given = decider(evolveEndpoint, askedByOwner(decideUpdateEndpoint));
  const change = (changes: EndpointChanges): UpdateEndpoint => ({ ...command, changes });
  const chosen = { url: "https://b.example", nickname: "the other", retrySchedule: [1, 2], maxConcurrency: 9 };

  it("says what is different, and nothing else", () => {
    given(registered()).when(change(chosen)).then(updated(chosen, 9));
    given(registered({ retrySchedule: [1, 2] }))
      .when(change({ ...chosen, ed25519: false }))
      .then(updated({ url: chosen.url, nickname: chosen.nickname, maxConcurrency: 9 }, 9));
    given(registered(), updated(chosen, 1)).when(change(chosen)).thenNothing();
    given(registered()).when(change({})).thenNothing();
  });

  it("takes a choice back with null", () => {
    given(registered(), updated({ retrySchedule: [1], sealedHeaders: "sealed" }, 1))
      .when(change({ retrySchedule: null, sealedHeaders: null }))
      .then(updated({ retrySchedule: null, sealedHeaders: null }, 9));
    given(registered())
      .when(change({ retrySchedule: null }))
      .thenNothing();
  });

  it("tells no retries from no choice", () => {
    given(registered())
      .when(change({ retrySchedule: [] }))
      .then(updated({ retrySchedule: [] }, 9));
  });

  it("is possible while it is disabled", () => {
    given(registered(), disabled("failing", 1))
      .when(change({ url: chosen.url }))
      .then(updated({ url: chosen.url }, 9));
  });
});

describe("an endpoint that fails", () => {
  const policy = { attempts: 3, warnAfterMs: 10_000, disableAfterMs: 60_000 };
  const given = decider(evolveEndpoint, (asked: WarnOfFailing, endpoint) =>
    endpoint === null ? [] : decideWarnOfFailing(asked, endpoint),
  );
  const look = (failures: number, seconds: number, countedFrom = 0): WarnOfFailing => ({
    endpointId: ENDPOINT_ID,
    streak: { failures, since: at(0), countedFrom: at(countedFrom) },
    policy,
    now: at(seconds),
  });

  it("is warned of by number and by time, both", () => {
    given(registered()).when(look(3, 9)).thenNothing();
    given(registered()).when(look(2, 3_600)).thenNothing();
    given(registered())
      .when(look(3, 10))
      .then(failing(3, 0, 10));
  });

  it("is warned of once, and disabled when it goes on", () => {
    given(registered(), failing(3, 0, 10))
      .when(look(30, 59))
      .thenNothing();
    given(registered(), failing(3, 0, 10))
      .when(look(30, 60))
      .then(disabled("failing", 60));
  });

  it("is judged by the time since a pause ended, and its failing is dated all the same", () => {
    given(registered())
      .when(look(30, 59, 50))
      .thenNothing();
    given(registered())
      .when(look(30, 60, 50))
      .then(failing(30, 0, 60));
    given(registered(), failing(3, 0, 10))
      .when(look(30, 109, 50))
      .thenNothing();
    given(registered(), failing(3, 0, 10))
      .when(look(30, 110, 50))
      .then(disabled("failing", 110));
  });

  it("is warned of and disabled at once when nobody had looked for so long", () => {
    given(registered())
      .when(look(3, 60))
      .then(failing(3, 0, 60), disabled("failing", 60));
  });

  it("is warned of again after it was enabled, or moved", () => {
    given(registered(), failing(3, 0, 1), disabled("failing", 2), enabled(3))
      .when(look(3, 10))
      .then(failing(3, 0, 10));
    const moved = updated({ url: "https://b.example" }, 2);
    given(registered(), failing(3, 0, 1), moved)
      .when(look(3, 10))
      .then(failing(3, 0, 10));
    given(registered(), failing(3, 0, 1), updated({ nickname: "another" }, 2))
      .when(look(3, 10))
      .thenNothing();
  });

  it("is left alone while it is disabled or deleted", () => {
    given(registered(), disabled("requested", 1)).when(look(30, 60)).thenNothing();
    given(registered(), deleted(1)).when(look(30, 60)).thenNothing();
  });
});

describe("the end of what was pending of an endpoint", () => {
  const given = decider(evolveEndpoint, decideEndDeliveries);

  it("is noted once, of one that is gone or deleted", () => {
    given(registered(), disabled("gone", 1)).when(command).then(deliveriesEnded(9));
    given(registered(), deleted(1)).when(command).then(deliveriesEnded(9));
    given(registered(), deleted(1), deliveriesEnded(2)).when(command).thenNothing();
    given(registered(), disabled("gone", 1), deliveriesEnded(2), deleted(3)).when(command).then(deliveriesEnded(9));
  });

  it("is none of one whose deliveries are held, or go on", () => {
    given().when(command).thenNothing();
    given(registered()).when(command).thenNothing();
    given(registered(), disabled("requested", 1)).when(command).thenNothing();
    given(registered(), disabled("failing", 1)).when(command).thenNothing();
    given(registered(), disabled("gone", 1), enabled(2)).when(command).thenNothing();
  });
});

describe("a command of an endpoint's owner", () => {
  const context = newContext({ actor: `user:${OWNER_ID}` });
  const rename = (nickname: string, expected?: readonly number[]): UpdateEndpoint => {
    return { ...command, changes: { nickname }, ...(expected !== undefined && { expected }) };
  };
  const handle = (store: StreamStore, asked: UpdateEndpoint) =>
    handleEndpointCommand(store, decideUpdateEndpoint, asked, OWNER_ID, context);
  async function storeWithEndpoint(): Promise<HookedEventStore> {
    const store = newStore();
    await store.append(endpointStream(ENDPOINT_ID), eventsToAppend([registered()], newContext()), "no_stream");
    return store;
  }

  it("is made in a state that it expects, and refused in any other, also when it changes nothing", async () => {
    const store = await storeWithEndpoint();
    await handle(store, rename("the first", [9, 1]));
    await expect(handle(store, rename("the second", [1]))).rejects.toThrow("endpoint_changed");
    await expect(handle(store, rename("the first", [1]))).rejects.toThrow("endpoint_changed");
    await expect(handle(store, rename("the first", []))).rejects.toThrow("endpoint_changed");
    expect((await handle(store, rename("the first"))).events).toEqual([]);
  });

  it("is refused when the endpoint became another between the reading and the append", async () => {
    const store = await storeWithEndpoint();
    store.onAppend = async (stream, _events, write) => {
      store.onAppend = (_stream, _more, writeNext) => writeNext();
      const [first] = await store.read(stream);
      const others = eventsToAppend([disabled("requested", 1)], newContext());
      await store.append(stream, others, first?.revision ?? "no_stream");
      return write();
    };
    await expect(handle(store, rename("the first", [1]))).rejects.toThrow("endpoint_changed");
    expect(await store.read(endpointStream(ENDPOINT_ID))).toHaveLength(2);
  });
});
