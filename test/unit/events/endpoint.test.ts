import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideDeleteEndpoint } from "../../../src/commands/delete-endpoint.ts";
import { decideDisableEndpoint } from "../../../src/commands/disable-endpoint.ts";
import { decideEnableEndpoint } from "../../../src/commands/enable-endpoint.ts";
import { decideEndDeliveries } from "../../../src/commands/end-deliveries.ts";
import { CommandRefused } from "../../../src/commands/handling/refusals.ts";
import { decideUpdateEndpoint } from "../../../src/commands/update-endpoint.ts";
import { readEvent } from "../../../src/events/catalogue.ts";
import { DEFAULT_SETTINGS } from "../../../src/events/chosen-settings.ts";
import { endpointStream, evolveEndpoint } from "../../../src/events/endpoint.ts";
import type { Endpoint, EndpointEvent, EndpointLifeEvent } from "../../../src/events/endpoint.ts";
import { endpoints } from "../../../src/projections/endpoints.ts";
import type { EndpointDocument } from "../../../src/projections/endpoints.ts";
import type { Content } from "../../../src/projections/projection.ts";
import { at } from "../../specification/delivery-story.ts";
import {
  ENDPOINT_ID,
  askedByOwner,
  deleted,
  deliveriesEnded,
  disabled,
  enabled,
  failing,
  registered,
  rotated,
  updated,
} from "../../specification/endpoint-story.ts";
import { recorded } from "../../specification/recorded.ts";

function fold(...events: EndpointEvent[]): Endpoint | null {
  return events.reduce<Endpoint | null>(evolveEndpoint, null);
}

describe("the fold of an endpoint", () => {
  it("is enabled when it was registered, with what was chosen", () => {
    const chosen = { retrySchedule: [1], maxConcurrency: 2, sealedHeaders: "sealed", ed25519: true };
    expect(fold(registered(chosen))).toMatchObject({
      endpointId: 7,
      userId: 3,
      ...chosen,
      status: "enabled",
      disabledReason: null,
      warnedAt: null,
      ending: false,
    });
  });

  it("has what was changed last, and all else as it was", () => {
    expect(fold(registered(), updated({ maxConcurrency: 9 }, 1), updated({ nickname: "another" }, 2))).toMatchObject({
      nickname: "another",
      maxConcurrency: 9,
      url: registered().data.url,
    });
  });

  it("is disabled for a reason, and has something to end only when it is gone or deleted", () => {
    expect(fold(registered(), disabled("requested", 1))).toMatchObject({
      status: "disabled",
      disabledReason: "requested",
      ending: false,
    });
    expect(fold(registered(), disabled("gone", 1))).toMatchObject({ disabledReason: "gone", ending: true });
    expect(fold(registered(), deleted(1))).toMatchObject({ status: "deleted", disabledReason: null, ending: true });
    expect(fold(registered(), deleted(1), deliveriesEnded(2))).toMatchObject({ status: "deleted", ending: false });
    expect(fold(registered(), disabled("gone", 1), enabled(2))).toMatchObject({ status: "enabled", ending: false });
  });

  it("counts what changes what its owner is shown, or its keys, and nothing else", () => {
    const counts = (...events: EndpointEvent[]): number | undefined => fold(registered(), ...events)?.changeCount;
    expect(counts()).toBe(1);
    expect(counts(updated({ nickname: "another" }, 1), rotated("k", 2, 3), rotated("k2", 2, 3))).toBe(4);
    expect(counts(disabled("requested", 1), enabled(2), deleted(3))).toBe(4);
    expect(counts(failing(3, 0, 5), deliveriesEnded(6))).toBe(1);
  });

  it("is warned of until it is enabled or moved", () => {
    expect(fold(registered(), failing(3, 0, 5))).toMatchObject({ warnedAt: at(5), status: "enabled" });
    expect(fold(registered(), failing(3, 0, 5), rotated("k", 6, 7))).toMatchObject({ warnedAt: at(5) });
    expect(fold(registered(), failing(3, 0, 5), updated({ url: "https://b.example" }, 6))).toMatchObject({
      warnedAt: null,
    });
    expect(fold(registered(), failing(3, 0, 5), disabled("requested", 6), enabled(7))).toMatchObject({
      warnedAt: null,
    });
  });

  it("refuses a stream that begins in the middle, begins twice, or was given up", () => {
    expect(() => fold(enabled(1))).toThrow("never registered");
    expect(() => fold(registered(), registered())).toThrow("registered once");
    const abandoned: EndpointEvent = {
      type: "CreationAbandoned",
      data: { takenOverBy: "endpoint-2", abandonedAt: at(1) },
    };
    expect(() => fold(abandoned)).toThrow("never registered");
    expect(() => fold(registered(), abandoned)).toThrow("abandoned after it was registered");
  });
});

describe("the events of an endpoint", () => {
  it("are read as they were written", () => {
    const story = [
      ...[registered({ sealedKeys: "k", retrySchedule: [1, 2] }), updated({ sealedHeaders: null, ed25519: true }, 1)],
      ...[rotated("k2", 2, 3), disabled("gone", 4), enabled(5), failing(3, 5, 6), deleted(7), deliveriesEnded(8)],
    ];
    for (const event of story) {
      const read = readEvent(recorded(endpointStream(7), event));
      expect({ type: read.type, data: read.data }).toEqual(event);
    }
  });

  it("of the first version have the keys that follow from their number, and nothing chosen", () => {
    const data = { endpointId: 7, userId: 3, url: "https://a.example", nickname: "the shop", registeredAt: at(0) };
    const now = recorded(endpointStream(7), registered());
    const old = { ...now, data, metadata: { ...now.metadata, schemaVersion: 1 } };
    expect(readEvent(old).data).toEqual({
      ...data,
      ...DEFAULT_SETTINGS,
      sealedKeys: null,
    });
  });

  it("of being disabled had another word for a request in the first version", () => {
    const now = recorded(endpointStream(7), disabled("requested", 1));
    const read = (reason: string): unknown =>
      readEvent({
        ...now,
        data: { ...disabled("gone", 1).data, reason },
        metadata: { ...now.metadata, schemaVersion: 1 },
      });
    expect(read("asked")).toMatchObject({ data: disabled("requested", 1).data });
    expect(read("gone")).toMatchObject({ data: disabled("gone", 1).data });
  });

  it("of the second version say all of it", () => {
    const data = { ...registered().data, sealedKeys: undefined };
    expect(() => readEvent({ ...recorded(endpointStream(7), registered()), data })).toThrow("sealedKeys");
  });
});

describe("any life of an endpoint", () => {
  type Step = (endpoint: Endpoint, seconds: number) => readonly EndpointLifeEvent[];
  const asked = (seconds: number) => ({ endpointId: ENDPOINT_ID, now: at(seconds) });
  const [disable, update] = [askedByOwner(decideDisableEndpoint), askedByOwner(decideUpdateEndpoint)];
  const steps: Readonly<Record<string, Step>> = {
    disable: (it, seconds) => disable({ ...asked(seconds), reason: "requested" }, it),
    gone: (it, seconds) => disable({ ...asked(seconds), reason: "gone" }, it),
    fail: (it, seconds) => disable({ ...asked(seconds), reason: "failing" }, it),
    enable: (it, seconds) => askedByOwner(decideEnableEndpoint)(asked(seconds), it),
    move: (it, seconds) => update({ ...asked(seconds), changes: { url: `https://${seconds}.example` } }, it),
    choose: (it, seconds) => update({ ...asked(seconds), changes: { maxConcurrency: (seconds % 3) + 1 } }, it),
    remove: (it, seconds) => askedByOwner(decideDeleteEndpoint)(asked(seconds), it),
    end: (it, seconds) => decideEndDeliveries(asked(seconds), it),
  };

  it("keeps its rules, and shows in the read model as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 20 }), (names) => {
        const first = registered();
        const events: EndpointLifeEvent[] = [first];
        let endpoint = evolveEndpoint(null, first);
        for (const [index, name] of names.entries()) {
          let decided: readonly EndpointLifeEvent[] = [];
          try {
            decided = steps[name]?.(endpoint, index + 1) ?? [];
          } catch (error) {
            expect(error).toBeInstanceOf(CommandRefused);
            expect(endpoint.status).toBe("deleted");
          }
          for (const event of decided) {
            // Nothing comes after the deletion but that everything has ended.
            if (endpoint.status === "deleted") expect(event.type).toBe("EndpointDeliveriesEnded");
            endpoint = evolveEndpoint(endpoint, event);
            events.push(event);
          }
        }
        let shown: Content<EndpointDocument> | null = null;
        for (const event of events) shown = endpoints.evolve(shown, readEvent(recorded(endpointStream(7), event)));
        expect(shown).toMatchObject({
          status: endpoint.status,
          disabled_reason: endpoint.disabledReason,
          url: endpoint.url,
          max_concurrency: endpoint.maxConcurrency,
          failing_warned_at: endpoint.warnedAt,
          change_count: endpoint.changeCount,
        });
        expect(shown?.ending_since !== null).toBe(endpoint.ending);
        expect((endpoint.disabledReason !== null) === (endpoint.status === "disabled")).toBe(true);
        if (endpoint.status === "enabled") expect([shown?.gone_at, shown?.ending_since]).toEqual([null, null]);
      }),
      { numRuns: 1_000 },
    );
  });
});
