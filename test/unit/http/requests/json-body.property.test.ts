import { isDeepStrictEqual } from "node:util";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { MalformedBody, readJsonBody } from "../../../../src/http/requests/json-body.ts";
import type { JsonBody } from "../../../../src/http/requests/json-body.ts";
import { members, objectText, value, whiteSpace } from "./written-json.ts";

function read(text: string): JsonBody | string {
  try {
    return readJsonBody(Buffer.from(text));
  } catch (error) {
    if (error instanceof MalformedBody) return error.message;
    throw error;
  }
}

/** The nesting by its definition, on the parsed value. */
function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("any JSON object", () => {
  it("gives each member's text as it was put in, the last of equal keys, and its value is that of the whole", () => {
    fc.assert(
      fc.property(members, whiteSpace, (list, gap) => {
        const body = read(gap + objectText(list, gap) + gap);
        if (typeof body === "string") throw new Error(body);
        for (const { key } of list) {
          const memberText = body.memberText(key);
          expect(memberText).toBe(list.findLast((member) => member.key === key)!.text);
          const own = Object.getOwnPropertyDescriptor(body.value, key)!.value as unknown;
          expect(isDeepStrictEqual(JSON.parse(memberText!), own)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is taken exactly when no member is nested deeper than 64 levels", () => {
    const wrapping = fc.array(fc.boolean(), { minLength: 60, maxLength: 66 });
    fc.assert(
      fc.property(value, wrapping, (inner, layers) => {
        const text = layers.reduce((within, list) => (list ? `[${within}]` : `{"a":${within}}`), inner.text);
        const taken = inner.depth + layers.length <= 64;
        expect(typeof read(`{"payload":${text}}`)).toBe(taken ? "object" : "string");
      }),
      { numRuns: 300 },
    );
  });

  it("agrees with a recursive measure of any value that fast-check makes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 57, max: 66 }), (inner, levels) => {
        const text = "[".repeat(levels) + JSON.stringify(inner) + "]".repeat(levels);
        const taken = depthOf(JSON.parse(text)) <= 64;
        expect(typeof read(`{"payload":${text}}`)).toBe(taken ? "object" : "string");
      }),
    );
  });
});

describe("any bytes", () => {
  const token = fc.constantFrom(
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    " ",
    "1",
    '"payload"',
    "null",
    "\u0000",
    "é",
    "\ufeff",
  );
  const soup = fc.array(token, { maxLength: 40 }).map((tokens) => Buffer.from(tokens.join("")));

  it("are either a JSON object, as JSON.parse sees it too, or a malformed body, and never anything else", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          soup,
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const text = Buffer.from(bytes)
            .toString("utf8")
            .replace(/^\ufeff/, "");
          let body: JsonBody;
          try {
            body = readJsonBody(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedBody);
            return;
          }
          expect(isDeepStrictEqual(body.value, JSON.parse(text))).toBe(true);
          for (const name of Object.keys(body.value as object)) expect(text).toContain(body.memberText(name));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
