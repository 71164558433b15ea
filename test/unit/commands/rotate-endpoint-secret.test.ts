import { describe, expect, it } from "vitest";
import { OVERLAP_SECONDS, decideRotateEndpointSecret } from "../../../src/commands/rotate-endpoint-secret.ts";
import type { RotateEndpointSecret } from "../../../src/commands/rotate-endpoint-secret.ts";
import { evolveEndpoint } from "../../../src/events/endpoint.ts";
import { decider } from "../../specification/decider.ts";
import { at } from "../../specification/delivery-story.ts";
import {
  ENDPOINT_ID,
  OWNER_ID,
  askedByOwner,
  deleted,
  disabled,
  registered,
  rotated,
} from "../../specification/endpoint-story.ts";

const given = decider(evolveEndpoint, askedByOwner(decideRotateEndpointSecret));

function rotate(sealedKeys: string, seconds: number, overlapSeconds: number): RotateEndpointSecret {
  return { endpointId: ENDPOINT_ID, sealedKeys, overlapSeconds, now: at(seconds) };
}

describe("rotating an endpoint's secret", () => {
  it("gives it new keys, and lets those before sign until the overlap is over", () => {
    given(registered())
      .when(rotate("new", 10, 60))
      .then(rotated("new", 10, 70));
    given(registered())
      .when(rotate("new", 10, OVERLAP_SECONDS.default))
      .then(rotated("new", 10, 10 + 24 * 60 * 60));
    given(registered())
      .when(rotate("new", 10, OVERLAP_SECONDS.max))
      .then(rotated("new", 10, 10 + 7 * 24 * 60 * 60));
  });

  it("ends those before at once, without an overlap", () => {
    given(registered())
      .when(rotate("new", 10, 0))
      .then(rotated("new", 10, 10));
  });

  it("is done again while an overlap lasts, and counts anew", () => {
    given(registered(), rotated("second", 10, 70))
      .when(rotate("third", 20, 30))
      .then(rotated("third", 20, 50));
  });

  it("is done for a disabled endpoint too, before it is enabled", () => {
    given(registered(), disabled("failing", 5))
      .when(rotate("new", 10, 60))
      .then(rotated("new", 10, 70));
  });

  it("is refused for what does not exist, was deleted, or is another user's", () => {
    expect(() => given().when(rotate("new", 10, 60))).toThrow("endpoint_not_found");
    expect(() => given(registered(), deleted(5)).when(rotate("new", 10, 60))).toThrow("endpoint_not_found");
    const others = registered({ userId: OWNER_ID + 1 });
    expect(() => given(others).when(rotate("new", 10, 60))).toThrow("endpoint_access_denied");
  });

  it("changes nothing else of the endpoint, and counts as a change", () => {
    const before = evolveEndpoint(null, registered());
    expect(evolveEndpoint(before, rotated("new", 10, 70))).toEqual({ ...before, changeCount: 2 });
  });
});
