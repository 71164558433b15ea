import { describe, it } from "vitest";
import { decideStopDelivery } from "../../../src/commands/stop-delivery.ts";
import type { EndpointStanding, StopDelivery } from "../../../src/commands/stop-delivery.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import { decider } from "../../specification/decider.ts";
import {
  DELIVERED,
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

const given = decider(evolveDelivery, decideStopDelivery);
const ENABLED: EndpointStanding = { status: "enabled", goneAt: null, paused: false };
const DISABLED: EndpointStanding = { status: "disabled", goneAt: null, paused: false };
const DELETED: EndpointStanding = { status: "deleted", goneAt: null, paused: false };
const PAUSED: EndpointStanding = { ...ENABLED, paused: true };
const gone = (seconds: number): EndpointStanding => ({ status: "disabled", goneAt: at(seconds), paused: false });

const stop = (endpoint: EndpointStanding): StopDelivery => ({ deliveryId: DELIVERY_ID, endpoint, now: at(90) });

const retried = [requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })];
const ends = [
  [requested(), started(1, 0), attempted(1, 0, 1, DELIVERED)],
  [requested(), started(1, 0), attempted(1, 0, 1), failed(1, "attempts_exhausted")],
  [requested(), canceled(1)],
];

describe("a delivery whose endpoint takes no attempts", () => {
  it("is held while that is disabled, before its first attempt as before a retry, and once", () => {
    given(requested()).when(stop(DISABLED)).then(held(90));
    given(...retried)
      .when(stop(DISABLED))
      .then(held(90));
    given(requested(), held(1)).when(stop(DISABLED)).thenNothing();
    given(requested(), held(1), letGo(2, 3)).when(stop(DISABLED)).then(held(90));
  });

  it("is canceled when that is deleted, held or not", () => {
    given(requested()).when(stop(DELETED)).then(canceled(90));
    given(requested(), held(1)).when(stop(DELETED)).then(canceled(90));
    given(...retried)
      .when(stop(DELETED))
      .then(canceled(90));
  });

  it("ends when it was pending as that answered that it is gone, and is held when it came later", () => {
    given(requested())
      .when(stop(gone(5)))
      .then(failed(90, "gone"));
    given(requested(), held(1))
      .when(stop(gone(5)))
      .then(failed(90, "gone"));
    given(requested(5))
      .when(stop(gone(5)))
      .then(failed(90, "gone"));
    given(requested(6))
      .when(stop(gone(5)))
      .then(held(90));
  });

  it("goes its way while that is enabled", () => {
    given(requested()).when(stop(ENABLED)).thenNothing();
    given(requested(), held(1)).when(stop(ENABLED)).thenNothing();
  });

  it("is held while a pause covers that, with the reason that comes first", () => {
    given(requested())
      .when(stop(PAUSED))
      .then(held(90, DELIVERY_ID, "paused"));
    given(...retried)
      .when(stop(PAUSED))
      .then(held(90, DELIVERY_ID, "paused"));
    given(requested(), held(1)).when(stop(PAUSED)).thenNothing();
    given(requested(), held(1, DELIVERY_ID, "paused"), letGo(2, 3))
      .when(stop({ ...DISABLED, paused: true }))
      .then(held(90));
  });

  it("ends although a pause covers that, when it is deleted or gone", () => {
    given(requested())
      .when(stop({ ...DELETED, paused: true }))
      .then(canceled(90));
    given(requested(), held(1, DELIVERY_ID, "paused"))
      .when(stop({ ...gone(5), paused: true }))
      .then(failed(90, "gone"));
  });

  it("is left while an attempt is under way: its outcome decides", () => {
    for (const endpoint of [DISABLED, DELETED, PAUSED, gone(5)]) {
      given(requested(), started(1, 0)).when(stop(endpoint)).thenNothing();
    }
  });

  it("is left when it has ended, or never was", () => {
    for (const endpoint of [DISABLED, DELETED, gone(5)]) {
      for (const end of ends) {
        given(...end)
          .when(stop(endpoint))
          .thenNothing();
      }
      given().when(stop(endpoint)).thenNothing();
    }
  });
});
