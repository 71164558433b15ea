import { describe, it } from "vitest";
import { decideResumeDeliveries } from "../../../src/commands/resume-deliveries.ts";
import { evolvePause, scopeOfEndpoint } from "../../../src/events/pause.ts";
import { decider } from "../../specification/decider.ts";
import { at } from "../../specification/delivery-story.ts";
import { paused, resumed } from "../../specification/pause-story.ts";

const given = decider(evolvePause, decideResumeDeliveries);
const scope = scopeOfEndpoint(7);

describe("resuming a scope", () => {
  it("ends its pause, with the reason if one was given", () => {
    given(paused(1, scope))
      .when({ scope, reason: null, now: at(90) })
      .then(resumed(90, scope));
    given(paused(1, scope))
      .when({ scope, reason: "it is mended", now: at(90) })
      .then(resumed(90, scope, "it is mended"));
  });

  it("changes nothing when it is not paused", () => {
    given()
      .when({ scope, reason: null, now: at(90) })
      .thenNothing();
    given(paused(1, scope), resumed(2, scope))
      .when({ scope, reason: null, now: at(90) })
      .thenNothing();
  });
});
