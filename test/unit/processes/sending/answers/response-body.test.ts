import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_RESPONSE_BODY_BYTES, ResponseBody } from "../../../../../src/processes/sending/answers/response-body.ts";

const textOf = (bytes: Buffer, pieceLength: number): string => {
  const body = new ResponseBody();
  for (let at = 0; at < bytes.length; at += pieceLength) body.add(bytes.subarray(at, at + pieceLength));
  return body.text(!body.overflown);
};

describe("a response's body", () => {
  it("is the beginning of what was sent, in whatever pieces it came", () => {
    const anyText = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 7 }), fc.nat(300), (text, pieceLength, padding) => {
        const bytes = Buffer.from("x".repeat(MAX_RESPONSE_BODY_BYTES - padding) + text);
        const kept = textOf(bytes, pieceLength * 1000 + 1);
        expect(
          bytes
            .toString()
            .replace(/\r(?!\n)|[^\P{Cc}\n\r\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, "")
            .startsWith(kept),
        ).toBe(true);
        expect(bytes.length - Buffer.byteLength(kept)).toBeLessThan(text.length * 4 + 4);
      }),
    );
  });

  it("keeps 16 KiB and notes that there was more", () => {
    const exact = new ResponseBody();
    exact.add(Buffer.alloc(MAX_RESPONSE_BODY_BYTES, "a"));
    expect(exact.overflown).toBe(false);
    exact.add(Buffer.from("b"));
    expect(exact.overflown).toBe(true);
    expect(exact.text(false)).toBe("a".repeat(16_384));
    expect(textOf(Buffer.alloc(40_000, "c"), 1)).toBe("c".repeat(16_384));
    expect(new ResponseBody().text(true)).toBe("");
  });

  it("is decoded by its type, without a character of two bytes that the cut tore", () => {
    const body = new ResponseBody();
    body.setType("text/plain; charset=Shift_JIS");
    body.add(Buffer.from("x" + "\x82\xa0".repeat(10_000), "latin1"));
    expect(body.overflown).toBe(true);
    expect(body.text(false)).toBe(`x${"あ".repeat((MAX_RESPONSE_BODY_BYTES - 2) / 2)}`);
  });

  it("is UTF-8 when its type was sent twice", () => {
    const body = new ResponseBody();
    body.setType(["text/plain; charset=iso-8859-1", "text/plain; charset=utf-8"]);
    body.add(Buffer.from("é"));
    expect(body.text(true)).toBe("é");
  });
});
