import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { EVERYTHING, pauseStream, scopeOfEndpoint, scopeOfUser } from "../../../src/events/pause.ts";
import type { PauseEvent } from "../../../src/events/pause.ts";
import { pauses } from "../../../src/projections/pauses.ts";
import { at } from "../../specification/delivery-story.ts";
import { deleted, registered } from "../../specification/endpoint-story.ts";
import { paused, resumed } from "../../specification/pause-story.ts";
import { contentsOf, filled, specificationOf } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const given = specificationOf(pauses);
const ENDPOINT = scopeOfEndpoint(7);

function story(...events: readonly (PauseEvent | GatewayEvent)[]) {
  return logOf(
    events.map((event) => {
      const isPause = event.type === "DeliveriesPaused" || event.type === "DeliveriesResumed";
      return [isPause ? pauseStream(event.data) : "endpoint-7", event] as const;
    }),
  );
}

describe("the pauses", () => {
  it("have one document per scope, which stays when the scope is resumed", async () => {
    const all = { _id: "all", scope: "all", user_id: null, endpoint_id: null };
    await given(story(paused(1))).then({ ...all, reason: "a bad deployment", paused_at: at(1), resumed_at: null });
    await given(story(paused(1), resumed(2))).then({ ...all, reason: null, paused_at: null, resumed_at: at(2) });
    await given(story(paused(1), resumed(2), paused(3, EVERYTHING, "again"))).then({
      ...all,
      reason: "again",
      paused_at: at(3),
      resumed_at: at(2),
    });
  });

  it("of users and endpoints are apart from each other and from that of everything", async () => {
    const log = story(paused(1), paused(2, ENDPOINT), paused(3, scopeOfUser(7)), resumed(4));
    const rest = { reason: "a bad deployment", resumed_at: null };
    await given(log).then(
      { _id: "all", scope: "all", user_id: null, endpoint_id: null, reason: null, paused_at: null, resumed_at: at(4) },
      { _id: "endpoint.7", scope: "endpoint", user_id: null, endpoint_id: 7, ...rest, paused_at: at(2) },
      { _id: "user.7", scope: "user", user_id: 7, endpoint_id: null, ...rest, paused_at: at(3) },
    );
  });

  it("end with their endpoint, and have no document of one that was never paused", async () => {
    await given(story(registered(), deleted(5))).then();
    const ended = { _id: "endpoint.7", scope: "endpoint", user_id: null, endpoint_id: 7, reason: null };
    await given(story(registered(), paused(1, ENDPOINT), deleted(5))).then({
      ...ended,
      paused_at: null,
      resumed_at: at(5),
    });
  });

  it("do not begin again when an older event comes after a newer one", async () => {
    const log = story(paused(1), resumed(2));
    const documents = await filled(pauses, [[...log].reverse(), log, log.slice(0, 1)]);
    expect(await contentsOf(pauses, documents)).toMatchObject([{ _id: "all", paused_at: null, resumed_at: at(2) }]);
  });
});
