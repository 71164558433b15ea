import { describe, expect, it } from "vitest";
import { addressFrom, addressOf } from "../../../src/cli/gateway-address.ts";
import { UsageError } from "../../../src/cli/subcommand.ts";

describe("where a gateway is", () => {
  it.each([
    ["http://127.0.0.1:1", "http://127.0.0.1:1"],
    ["HTTPS://hooks.example/", "https://hooks.example"],
    ["http://[::1]:8080/behind/a/proxy//", "http://[::1]:8080/behind/a/proxy"],
  ])("is read from --url %s", (text, address) => {
    expect(addressFrom(text)).toBe(address);
  });

  it.each([
    "foo",
    "",
    "127.0.0.1:8080",
    "localhost:8080",
    "ftp://h",
    "file:///etc",
    "http://",
    "http://h/?a=1",
    "http://h/#a",
  ])("is not %j", (text) => {
    expect(() => addressFrom(text)).toThrow(
      new UsageError("--url needs an http:// or https:// address such as http://127.0.0.1:8080"),
    );
  });

  it.each(["http://user:s3cret@h:1", "http://user@h:1"])("has no password, which would be shown: %s", (text) => {
    expect(() => addressFrom(text)).toThrow(
      new UsageError("--url must have no user and no password in it; the operator's key is all that is sent"),
    );
  });

  it("is on this machine where the gateway listens on every address", () => {
    expect([
      addressOf({ host: "0.0.0.0", port: 1 }),
      addressOf({ host: "::", port: 1 }),
      addressOf({ host: "h", port: 1 }),
    ]).toEqual(["http://127.0.0.1:1", "http://[::1]:1", "http://h:1"]);
  });
});
