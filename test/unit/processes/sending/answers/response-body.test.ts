import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_RESPONSE_BODY_BYTES,
  ResponseBody,
  responseText,
} from "../../../../../src/processes/sending/answers/response-body.ts";

const textOf = (bytes: Buffer, pieceLength: number): string => {
  const body = new ResponseBody();
  for (let at = 0; at < bytes.length; at += pieceLength) body.add(bytes.subarray(at, at + pieceLength));
  return body.text(!body.overflown);
};

describe("a response's body as text", () => {
  it("keeps line ends and tabs, and drops every other control or format character", () => {
    const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
    const printable = Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index)).join("");
    expect(responseText(Buffer.from(all), true)).toBe(`\t\n${printable}\u00a0`);
    expect(responseText(Buffer.from("a\r\nb\rc\r\r\nd\r"), true)).toBe("a\r\nbc\r\nd");
  });

  it.each([
    ["directions", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"],
    ["what has no width", "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e"],
    ["other line ends", "\u0085\u2028\u2029"],
    ["tags and annotations", "\u{e0001}\u{e0041}\u{e007f}\ufff9\ufffa\ufffb"],
    ["escapes", "\u001b\u009b\u007f\u0000"],
  ])("drops %s, of which a reader would see only what they do to the rest", (_, characters) => {
    for (const character of characters) {
      expect(responseText(Buffer.from(`a${character}\u05d0${character}`), true)).toBe("a\u05d0");
    }
  });

  it("replaces invalid UTF-8, so that there is never a lone surrogate", () => {
    expect(responseText(Buffer.from([0x61, 0xff, 0x62, 0xed, 0xa0, 0x80]), true)).toBe("a\ufffdb\ufffd\ufffd\ufffd");
    fc.assert(fc.property(fc.uint8Array(), (bytes) => responseText(Buffer.from(bytes), false).isWellFormed()));
  });

  it.each(["é", "€", "😀"])("leaves out a %s that the cut tore, and only then", (character) => {
    const whole = Buffer.from(`ab${character}`);
    for (let length = 3; length < whole.length; length += 1) {
      expect(responseText(whole.subarray(0, length), false)).toBe("ab");
      expect(responseText(whole.subarray(0, length), true)).toMatch(/^ab\ufffd+$/);
    }
    expect(responseText(whole, false)).toBe(`ab${character}`);
  });

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
});
