import { describe, expect, it } from "vitest";
import { StreamNames, streamFilter } from "../../../../../src/events/store/eventstoredb/stream-names.ts";

describe("the names of streams on a server that belongs to others too", () => {
  const names = new StreamNames("webhook_gateway.");

  it("begin with the prefix, which the log does not know", () => {
    expect(names.onServer("user-7")).toBe("webhook_gateway.user-7");
    expect(names.inLog("webhook_gateway.user-7")).toBe("user-7");
  });

  it.each([
    "user-7",
    "orders-1",
    "$stats-1",
    "$$webhook_gateway.user-7",
    "$ce-webhook_gateway.user",
    "webhook_gateway.",
    "webhook_gateway.user",
    "webhook_gateway.user-",
    "webhook_gateway.User-1",
    "webhook_gateway.eu.user-7",
    "webhook_gateway",
  ])("leave %s to others", (name) => {
    expect(names.inLog(name)).toBeNull();
  });

  it("keep two logs apart whose prefixes begin alike", () => {
    const longer = new StreamNames("webhook_gateway.eu.");
    expect(longer.inLog(names.onServer("user-7"))).toBeNull();
    expect(names.inLog(longer.onServer("user-7"))).toBeNull();
  });

  it("are filtered on the server by categories, or by the prefix alone", () => {
    expect(names.prefixes(["user", "endpoint"])).toEqual(["webhook_gateway.user-", "webhook_gateway.endpoint-"]);
    expect(names.prefixes(undefined)).toEqual(["webhook_gateway."]);
  });
});

describe("the filter of streams", () => {
  it("takes all categories", () => {
    const streams = ["user-1", "other-a-b"];
    expect(streams.filter(streamFilter(undefined))).toEqual(streams);
  });

  it("takes whole categories, not what only begins like one", () => {
    const streams = ["user-1", "username-1", "use-1", "user-name-1"];
    expect(streams.filter(streamFilter(["user"]))).toEqual(["user-1", "user-name-1"]);
    expect(streams.filter(streamFilter([]))).toEqual([]);
  });
});
