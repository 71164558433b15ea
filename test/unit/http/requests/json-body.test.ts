import { describe, expect, it } from "vitest";

import { MAX_NESTING, MalformedBody, readJsonBody } from "../../../../src/http/requests/json-body.ts";
import { arrays, nastyPayloads, objects, refusedBodies } from "../../../fixtures/nasty-json.ts";

function read(text: string): ReturnType<typeof readJsonBody> {
  return readJsonBody(Buffer.from(text));
}

/** The sentence with which the body is refused, or null when it is taken. */
function refusal(bytes: Uint8Array): string | null {
  try {
    readJsonBody(bytes);
    return null;
  } catch (error) {
    if (error instanceof MalformedBody) return error.message;
    throw error;
  }
}

describe("the text of a member", () => {
  it.each(nastyPayloads)("is byte for byte what was written: $name", ({ text }) => {
    const payload = Buffer.from(text);
    const bytes = Buffer.concat([Buffer.from('{ "endpoint_id": 1,\n"payload":\t'), payload, Buffer.from("\r\n}")]);
    expect(Buffer.from(readJsonBody(bytes).memberText("payload")!).equals(payload)).toBe(true);
  });

  it.each([
    ["first of all", '{"payload":{"a":1},"endpoint_id":1}'],
    ["without the white space around it", '\n{\t"payload"\r:\n {"a":1}\t\r\n,"endpoint_id":1}'],
    ["after a string that looks like a member", String.raw`{"x":"\"payload\":{\"b\":2},","payload":{"a":1}}`],
    ["after a nested member of the same name", '{"x":{"payload":{"b":2}},"y":[{"payload":3}],"payload":{"a":1}}'],
    ["the last of duplicates", '{"payload":{"b":2},"payload":[],"payload":{"a":1}}'],
    ["the last of duplicates, the other escaped", String.raw`{"pa\u0079load":{"b":2},"payload":{"a":1}}`],
    ["under an escaped key", String.raw`{"payload":{"b":2},"pa\u0079load":{"a":1}}`],
    [
      "after a key whose end is an escaped backslash",
      String.raw`{"payload\\":{"b":2},"payload":{"a":1},"payload\"":3}`,
    ],
    ["beside __proto__", '{"__proto__":{"payload":2},"payload":{"a":1}}'],
    ["after a byte order mark", '\ufeff{"payload":{"a":1}}'],
  ])("is found %s", (_, text) => {
    expect(read(text).memberText("payload")).toBe('{"a":1}');
  });

  it("is found for every kind of value", () => {
    const body = read('{"a": "x y" , "b": -1.50e+1 ,"c":true,"d":null,"e":[ 1 , 2 ],"f":{ }, "":0 }');
    const texts = ["a", "b", "c", "d", "e", "f", ""].map((name) => body.memberText(name));
    expect(texts).toEqual(['"x y"', "-1.50e+1", "true", "null", "[ 1 , 2 ]", "{ }", "0"]);
  });

  it("is null when there is no such member, also for names that every object has", () => {
    const body = read('{"x":{"payload":1},"y":"payload"}');
    expect(["payload", "constructor", "__proto__", "toString"].map((name) => body.memberText(name))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(read("{}").memberText("payload")).toBeNull();
  });
});

describe("the value of a body", () => {
  it("is what JSON.parse gives", () => {
    expect(read('{"a":[1,{"b":"é"}],"a":2}').value).toEqual({ a: 2 });
  });

  it("has __proto__ as a plain member, and no prototype was changed", () => {
    const value = read('{"__proto__":{"polluted":true}}').value as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(value["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe("a body that is refused", () => {
  const malformed = refusedBodies.filter(({ errors }) => errors?.[0]?.startsWith("body ") === true);

  it.each(malformed)("says why: $name", ({ bytes, errors }) => {
    expect(refusal(bytes)).toBe(errors![0]);
  });

  it("may be empty", () => {
    expect(refusal(new Uint8Array())).toBe("body must be valid JSON");
  });

  it("leaves the reader ready for the next one", () => {
    expect(refusal(Uint8Array.from([0xe2, 0x82]))).toBe("body must be valid UTF-8");
    expect(read('{"a":1}').value).toEqual({ a: 1 });
  });

  it("is refused without repeating any of it", () => {
    const error = new MalformedBody(refusal(Buffer.from('{"secret":hunter2}'))!);
    expect(error.message).toBe("body must be valid JSON");
    expect(error.cause).toBeUndefined();
  });
});

describe("the nesting of a member", () => {
  it("may be as deep as the limit, and not one deeper", () => {
    expect(MAX_NESTING).toBe(64);
    for (const nest of [arrays, objects]) {
      expect(refusal(Buffer.from(`{"payload":${nest(64)}}`))).toBeNull();
      expect(refusal(Buffer.from(`{"payload":${nest(65)}}`))).toBe("body must not be nested deeper than 64 levels");
    }
  });

  it("does not count brackets inside strings, nor add up over neighbours", () => {
    expect(refusal(Buffer.from(`{"a":"${"[".repeat(1000)}","b":[${Array(1000).fill("[]").join(",")}]}`))).toBeNull();
  });

  // A reader whose time grew with the square of the length would need minutes for each of these, and one that recurses no stack would do.
  it.each([
    ["opening brackets", "[".repeat(1_000_000), "body must not be nested deeper than 64 levels"],
    ["opening objects", '{"a":'.repeat(200_000), "body must not be nested deeper than 64 levels"],
    ["closing brackets", "]".repeat(1_000_000), "body must be valid JSON"],
    ["backslashes", `{"${"\\".repeat(1_000_001)}`, "body must be valid JSON"],
    ["escaped quotes", `{"${'\\"'.repeat(500_000)}`, "body must be valid JSON"],
    ["empty strings", `{${'""'.repeat(500_000)}`, "body must be valid JSON"],
    ["colons", `{${":".repeat(1_000_000)}`, "body must be valid JSON"],
    ["white space", `{"a":${" ".repeat(1_000_000)}`, "body must be valid JSON"],
  ])("is measured in linear time in a megabyte of %s", (_, text, message) => {
    expect(refusal(Buffer.from(text))).toBe(message);
  });

  it("takes a megabyte of members", () => {
    const text = `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":${i}`).join(",")}}`;
    expect(read(text).memberText("k0")).toBe("0");
    expect(read(text).memberText("payload")).toBeNull();
  });
});

describe("a key that is written with escapes", () => {
  it("is that key, whatever keys the runtime has read before", () => {
    // The order matters: V8 13.6 takes the second key for the one of the first text.
    expect(JSON.parse(String.raw`{"first":0,"\\":1}`)).toEqual({ first: 0, "\\": 1 });
    const body = readJsonBody(Buffer.from(String.raw`{"first":0,"\u002b":1}`));
    expect(body.value).toEqual({ first: 0, "+": 1 });
    expect(body.memberText("+")).toBe("1");
  });

  it("keeps the last of duplicates, and makes no prototype of __proto__", () => {
    const body = readJsonBody(Buffer.from(String.raw`{"\u0061":0,"__proto__":{"b":1},"a":[2]}`));
    expect(Object.entries(body.value as object)).toEqual([
      ["a", [2]],
      ["__proto__", { b: 1 }],
    ]);
    expect(Object.getPrototypeOf(body.value)).toBe(Object.prototype);
  });
});
