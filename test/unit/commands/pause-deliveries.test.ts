import { describe, it } from "vitest";
import { decidePauseDeliveries } from "../../../src/commands/pause-deliveries.ts";
import { evolvePause, scopeOfUser } from "../../../src/events/pause.ts";
import { decider } from "../../specification/decider.ts";
import { at } from "../../specification/delivery-story.ts";
import { paused, resumed } from "../../specification/pause-story.ts";

const given = decider(evolvePause, decidePauseDeliveries);
const scope = scopeOfUser(3);
const pause = { scope, reason: "they flood us", now: at(90) };

describe("pausing a scope", () => {
  it("pauses it, also after an earlier pause", () => {
    given()
      .when(pause)
      .then(paused(90, scope, "they flood us"));
    given(paused(1, scope), resumed(2, scope))
      .when(pause)
      .then(paused(90, scope, "they flood us"));
  });

  it("changes nothing of a pause that is in force: its first reason and time stay", () => {
    given(paused(1, scope)).when(pause).thenNothing();
    given(paused(1, scope, "they flood us"))
      .when(pause)
      .thenNothing();
  });
});
