import { describe, expect, it } from "vitest";
import { EVERYTHING, scopeName, scopeOfEndpoint, scopeOfUser } from "../../../../src/events/pause.ts";
import type { PauseScope } from "../../../../src/events/pause.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { PausesInForce } from "../../../../src/projections/directory/pauses-in-force.ts";
import type { PauseDocument } from "../../../../src/projections/pauses.ts";
import { fieldsOf } from "../../../../src/projections/snake-case.ts";
import { at } from "../../../specification/delivery-story.ts";

const OURS = { endpoint_id: 7, user_id: 3 };
const THEIRS = { endpoint_id: 8, user_id: 4 };

function document(scope: PauseScope, more: Partial<PauseDocument>): PauseDocument {
  const names = fieldsOf(scope, "scope", "userId", "endpointId");
  const nothing = { reason: null, paused_at: null, resumed_at: null };
  return { _id: scopeName(scope), position: positionOf(1), ...names, ...nothing, ...more };
}
const pausedAt = (seconds: number) => ({ reason: "trouble", paused_at: at(seconds) });

describe("the pauses in force", () => {
  it("cover everything, all endpoints of a user, or one endpoint", () => {
    for (const [scope, covered] of [
      [EVERYTHING, [true, true]],
      [scopeOfUser(3), [true, false]],
      [scopeOfEndpoint(8), [false, true]],
      [scopeOfUser(7), [false, false]],
    ] as const) {
      const pauses = new PausesInForce();
      expect(pauses.of(OURS)).toBeNull();
      pauses.note(document(scope, pausedAt(1)));
      expect([OURS, THEIRS].map((endpoint) => pauses.of(endpoint) !== null)).toEqual(covered);
      pauses.note(document(scope, { resumed_at: at(2) }));
      expect([OURS, THEIRS].map((endpoint) => pauses.of(endpoint))).toEqual([null, null]);
    }
  });

  it("are told by the widest that covers an endpoint, and each ends by itself", () => {
    const pauses = new PausesInForce();
    for (const scope of [scopeOfEndpoint(7), EVERYTHING, scopeOfUser(3)]) pauses.note(document(scope, pausedAt(1)));
    expect(pauses.of(OURS)).toEqual({
      ...{ scope: "all", user_id: null, endpoint_id: null },
      ...{ reason: "trouble", since: at(1) },
    });
    pauses.note(document(EVERYTHING, { resumed_at: at(2) }));
    expect(pauses.of(OURS)).toMatchObject({ scope: "user", user_id: 3 });
    pauses.note(document(scopeOfUser(3), { resumed_at: at(3) }));
    expect(pauses.of(OURS)).toMatchObject({ scope: "endpoint", endpoint_id: 7 });
    expect(pauses.in(EVERYTHING)).toBeNull();
    expect(pauses.in(scopeOfEndpoint(7))).toEqual(pauses.of(OURS));
  });

  it("are listed from the oldest on, and counted by scope", () => {
    const pauses = new PausesInForce();
    expect([pauses.all, pauses.counts]).toEqual([[], { all: 0, user: 0, endpoint: 0 }]);
    const scopes = [scopeOfEndpoint(7), scopeOfUser(3), scopeOfEndpoint(8)];
    for (const [index, scope] of scopes.entries()) pauses.note(document(scope, pausedAt(30 - index * 10)));
    expect(pauses.all.map(({ since }) => since)).toEqual([at(10), at(20), at(30)]);
    expect(pauses.counts).toEqual({ all: 0, user: 1, endpoint: 2 });
    // Told again, and ended twice.
    pauses.note(document(scopeOfUser(3), { ...pausedAt(40), reason: "more trouble" }));
    for (const seconds of [50, 51]) pauses.note(document(scopeOfEndpoint(7), { resumed_at: at(seconds) }));
    expect(pauses.counts).toEqual({ all: 0, user: 1, endpoint: 1 });
    expect(pauses.all.map(({ since, reason }) => [since, reason])).toEqual([
      [at(10), "trouble"],
      [at(40), "more trouble"],
    ]);
  });

  it("tell when the last of those over an endpoint ended", () => {
    const pauses = new PausesInForce();
    expect(pauses.lastResume(OURS)).toBeNull();
    pauses.note(document(scopeOfEndpoint(8), { resumed_at: at(9) }));
    expect(pauses.lastResume(OURS)).toBeNull();
    pauses.note(document(scopeOfUser(3), { resumed_at: at(5) }));
    pauses.note(document(EVERYTHING, { resumed_at: at(4) }));
    expect(pauses.lastResume(OURS)).toBe(at(5));
    expect(pauses.lastResume(THEIRS)).toBe(at(9));
  });
});
