import { describe, expect, it } from "vitest";
import { fieldsOf, snakeCase, snakeCased } from "../../../src/projections/snake-case.ts";

describe("the names of an event's fields in read models", () => {
  it("are in snake_case, digits where they were", () => {
    expect(["userId", "payloadSha256", "ed25519", "apiKeyDigest", "url"].map(snakeCase)).toEqual([
      "user_id",
      "payload_sha256",
      "ed25519",
      "api_key_digest",
      "url",
    ]);
  });

  it("keep their order, and what is inside their values", () => {
    const data = { endpointId: 7, changes: { retrySchedule: [1] }, updatedAt: "now" };
    expect(JSON.stringify(snakeCased(data))).toBe(
      '{"endpoint_id":7,"changes":{"retrySchedule":[1]},"updated_at":"now"}',
    );
  });

  it("come in the order in which they are asked for", () => {
    const data = { endpointId: 7, userId: 3, requestedAt: "now" };
    expect(JSON.stringify(fieldsOf(data, "userId", "endpointId"))).toBe('{"user_id":3,"endpoint_id":7}');
  });
});
