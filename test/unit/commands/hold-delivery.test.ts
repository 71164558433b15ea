import { describe, it } from "vitest";
import { decideReleaseDelivery, decideWithoutAttempt } from "../../../src/commands/hold-delivery.ts";
import type { EndpointStanding } from "../../../src/commands/hold-delivery.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import type { Delivery } from "../../../src/events/delivery.ts";
import { decider } from "../../specification/decider.ts";
import {
  DELIVERED,
  at,
  attempted,
  canceled,
  failed,
  held,
  letGo,
  requested,
  started,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery);
const ENABLED: EndpointStanding = { status: "enabled", goneAt: null };
const DISABLED: EndpointStanding = { status: "disabled", goneAt: null };
const DELETED: EndpointStanding = { status: "deleted", goneAt: null };
const gone = (seconds: number): EndpointStanding => ({ status: "disabled", goneAt: at(seconds) });

const decide = (endpoint: EndpointStanding) => (delivery: Delivery | null) =>
  decideWithoutAttempt(delivery, endpoint, at(90));
const release = (delivery: Delivery | null) => decideReleaseDelivery(delivery, at(95), at(90));

const retried = [requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })];
const ends = [
  [requested(), started(1, 0), attempted(1, 0, 1, DELIVERED)],
  [requested(), started(1, 0), attempted(1, 0, 1), failed(1, "attempts_exhausted")],
  [requested(), canceled(1)],
];

describe("a delivery whose endpoint takes no attempts", () => {
  it("is held while that is disabled, before its first attempt as before a retry, and once", () => {
    given(requested()).when(decide(DISABLED)).then(held(90));
    given(...retried)
      .when(decide(DISABLED))
      .then(held(90));
    given(requested(), held(1)).when(decide(DISABLED)).thenNothing();
    given(requested(), held(1), letGo(2, 3)).when(decide(DISABLED)).then(held(90));
  });

  it("is canceled when that is deleted, held or not", () => {
    given(requested()).when(decide(DELETED)).then(canceled(90));
    given(requested(), held(1)).when(decide(DELETED)).then(canceled(90));
    given(...retried)
      .when(decide(DELETED))
      .then(canceled(90));
  });

  it("ends when it was pending as that answered that it is gone, and is held when it came later", () => {
    given(requested())
      .when(decide(gone(5)))
      .then(failed(90, "gone"));
    given(requested(), held(1))
      .when(decide(gone(5)))
      .then(failed(90, "gone"));
    given(requested(5))
      .when(decide(gone(5)))
      .then(failed(90, "gone"));
    given(requested(6))
      .when(decide(gone(5)))
      .then(held(90));
  });

  it("goes its way while that is enabled", () => {
    given(requested()).when(decide(ENABLED)).thenNothing();
    given(requested(), held(1)).when(decide(ENABLED)).thenNothing();
  });

  it("is left while an attempt is under way: its outcome decides", () => {
    for (const endpoint of [DISABLED, DELETED, gone(5)]) {
      given(requested(), started(1, 0)).when(decide(endpoint)).thenNothing();
    }
  });

  it("is left when it has ended, or never was", () => {
    for (const endpoint of [DISABLED, DELETED, gone(5)]) {
      for (const end of ends) {
        given(...end)
          .when(decide(endpoint))
          .thenNothing();
      }
      given().when(decide(endpoint)).thenNothing();
    }
  });
});

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
