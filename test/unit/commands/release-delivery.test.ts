import { describe, it } from "vitest";
import { decideReleaseDelivery } from "../../../src/commands/release-delivery.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import { decider } from "../../specification/decider.ts";
import {
  DELIVERY_ID,
  at,
  attempted,
  canceled,
  failed,
  held,
  letGo,
  requested,
  started,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery, decideReleaseDelivery);
const release = { deliveryId: DELIVERY_ID, dueAt: at(95), now: at(90) };
const retried = [requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })];

describe("the release of a delivery", () => {
  it("makes it due at its time", () => {
    given(requested(), held(1)).when(release).then(letGo(90, 95));
    given(...retried, held(61))
      .when(release)
      .then(letGo(90, 95));
  });

  it("is nothing for one that is not held, or has ended meanwhile", () => {
    given(requested()).when(release).thenNothing();
    given(requested(), held(1), letGo(2, 3)).when(release).thenNothing();
    given(requested(), held(1), canceled(2)).when(release).thenNothing();
    given(requested(), held(1), failed(2, "gone")).when(release).thenNothing();
    given().when(release).thenNothing();
  });
});
