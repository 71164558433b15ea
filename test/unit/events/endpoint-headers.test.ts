import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endpointHeadersSchema, headerMessages, mayChooseHeader } from "../../../src/events/endpoint-headers.ts";

const VALUE = "must have a value of 1 to 1024 printable ASCII characters, without blanks around them";
const NAME = "must have a name of 1 to 64 letters, digits and !#$%&'*+-.^_`|~";

describe("headers that an endpoint's owner chooses", () => {
  it.each([
    ...["authorization", "x-api-key", "X-Tenant", "accept", "hosts", "x-host", "connections", "contents", "dates"],
    ...[
      "te-x",
      "vias",
      "x-forwarded",
      "webhook",
      "cookies",
      "set-cookie",
      "accept",
      "Accept",
      "x-aw",
      "x-azure",
      "metadata-x",
      "!#$%&'*+-.^_`|~",
    ],
  ])("may be %s", (name) => {
    expect(headerMessages({ [name]: "a" })).toEqual([]);
  });

  it.each([
    ...["host", "connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "expect"],
    ...["transfer-encoding", "upgrade", "content-length", "content-type", "content-encoding", "cookie", "date", "via"],
    ...["user-agent", "accept-encoding", "forwarded", "x-forwarded-for", "x-forwarded-host", "webhook-id"],
    ...[
      "webhook-signature",
      "webhook-timestamp",
      "webhook-anything",
      "x-aws-ec2-metadata-token",
      "x-amz-date",
      "x-amzn",
    ],
    ...["x-goog-api-key", "x-google-auth", "x-google", "x-azure-ref", "metadata", "metadata-flavor"],
  ])("must not be %s, in whatever case", (name) => {
    const cases = [name, name.toUpperCase(), name.replace(/^./, (first) => first.toUpperCase())];
    for (const spelled of cases)
      expect(headerMessages({ [spelled]: "a" })).toEqual([`header "${spelled}" must not be set`]);
  });

  it.each<[value: unknown, errors: string[]]>([
    ["a", []],
    ["a".repeat(1024), []],
    ["Basic QTpC=", []],
    ["two words,\u0020and more", []],
    ["", [VALUE]],
    [" a", [VALUE]],
    ["a ", [VALUE]],
    ["a".repeat(1025), [VALUE]],
    ["a\r\nhost: b", [VALUE]],
    ["a\n", [VALUE]],
    ["a\tb", [VALUE]],
    ["a\0", [VALUE]],
    ["ä", [VALUE]],
    ["漢", [VALUE]],
    ["\u007f", [VALUE]],
    [7, [VALUE]],
    [null, [VALUE]],
    [["a"], [VALUE]],
    [{ a: "b" }, [VALUE]],
  ])("with the value %j have these faults: %j", (value, errors) => {
    expect(headerMessages({ "x-a": value })).toEqual(errors.map((error) => `header "x-a" ${error}`));
  });

  it.each(["", "a b", "a:", "a\r\nb", "ä", "a".repeat(65), "(a)", "a,b", "a\u202eb", '"'])(
    "must not have the name %j",
    (name) => {
      const [message = ""] = headerMessages({ [name]: "a" });
      expect(message).toMatch(/^header "[^\p{Cc}\p{Cf}]{0,64}" /u);
      expect(message.endsWith(NAME)).toBe(true);
    },
  );

  it("are at most 20, and none is given twice", () => {
    const many = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "a"]));
    expect(headerMessages(many(20))).toEqual([]);
    expect(headerMessages(many(21))).toEqual(["headers must be at most 20"]);
    expect(headerMessages({ "x-a": "1", "X-A": "1" })).toEqual(['header "X-A" must be given once']);
  });

  it("are an object, or null for none", () => {
    for (const odd of [[], "x-a: b", 7, true]) expect(headerMessages(odd)).toEqual(["headers must be an object"]);
    expect(endpointHeadersSchema.parse(null)).toBe(null);
    expect(endpointHeadersSchema.parse(undefined)).toBe(null);
    expect(endpointHeadersSchema.parse({})).toEqual({});
  });

  it("keep a name that is an object's own business", () => {
    const headers: unknown = JSON.parse('{"__proto__":"a","constructor":"b"}');
    expect(JSON.stringify(endpointHeadersSchema.parse(headers))).toBe('{"__proto__":"a","constructor":"b"}');
  });

  it("tell every fault once, and no value", () => {
    const faults = headerMessages({ host: "hunter2", "x-a": "hunter2\n", "x b": "hunter2" });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain("hunter2");
  });

  it("are taken as `Headers` of the fetch standard takes them, whatever they are", () => {
    const anything = fc.dictionary(fc.oneof(fc.string(), fc.string({ unit: "binary" })), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(anything, (headers) => {
        if (headerMessages(headers).length > 0) return;
        // Throws for what could break the message, and takes blanks off.
        const taken = new Headers(headers);
        expect(Object.fromEntries(taken)).toEqual(
          Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("are judged by name without regard to case", () => {
    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/);
    const known = fc.constantFrom("host", "x-amz-", "content-", "webhook-", "te", "proxy-");
    fc.assert(
      fc.property(
        fc.oneof(
          token,
          fc.tuple(known, token).map(([start, end]) => start + end),
        ),
        (name) => {
          expect(mayChooseHeader(name.toUpperCase())).toBe(mayChooseHeader(name.toLowerCase()));
        },
      ),
    );
  });
});
