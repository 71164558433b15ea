import { describe, expect, it } from "vitest";
import { readEvent, readStreamEvent } from "../../../src/events/catalogue.ts";
import { UnreadableEvent } from "../../../src/events/store/event-store-errors.ts";
import { EVERYTHING, evolvePause, pauseStream, scopeOfEndpoint, scopeOfUser } from "../../../src/events/pause.ts";
import type { Pause, PauseEvent } from "../../../src/events/pause.ts";
import { paused, resumed } from "../../specification/pause-story.ts";
import { recorded } from "../../specification/recorded.ts";

const SCOPES = [EVERYTHING, scopeOfUser(3), scopeOfEndpoint(7)];

function fold(...events: PauseEvent[]): Pause | null {
  return events.reduce<Pause | null>(evolvePause, null);
}

describe("the pause of a scope", () => {
  it("is in force from its beginning until it is resumed, as often as that happens", () => {
    expect(fold(paused(1))).toEqual({ inForce: true });
    expect(fold(paused(1), resumed(2))).toEqual({ inForce: false });
    expect(fold(paused(1), resumed(2), paused(3))).toEqual({ inForce: true });
  });

  it("does not begin twice, nor end before it began: such a stream tells no pause's story", () => {
    expect(() => fold(paused(1), paused(2))).toThrow("a scope is paused once");
    expect(() => fold(resumed(1))).toThrow("a scope is resumed that is not paused");
    expect(() => fold(paused(1), resumed(2), resumed(3))).toThrow("a scope is resumed that is not paused");
  });

  it("stands in a stream of its own, which only its events may stand in", () => {
    expect(SCOPES.map(pauseStream)).toEqual(["pause-all", "pause-user.3", "pause-endpoint.7"]);
    for (const scope of SCOPES) {
      for (const event of [paused(1, scope), resumed(2, scope, "it is mended"), resumed(2, scope)]) {
        expect(readStreamEvent<PauseEvent>(recorded(pauseStream(scope), event)).data).toEqual(event.data);
        expect(() => readStreamEvent(recorded("endpoint-7", event))).toThrow(UnreadableEvent);
      }
    }
  });

  it("is not read with a scope that there is not, nor without a reason", () => {
    const { type, data } = paused(1);
    for (const wrong of [{ scope: "receiver" }, { reason: "" }, { reason: null }, { pausedAt: "now" }]) {
      const event = { ...recorded("pause-all", paused(1)), type, data: { ...data, ...wrong } };
      expect(() => readEvent(event)).toThrow(UnreadableEvent);
    }
  });
});
