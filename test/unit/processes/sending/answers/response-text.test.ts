import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { responseText } from "../../../../../src/processes/sending/answers/response-text.ts";

/** The text of these bytes, each a character, in that charset. */
const inCharset = (charset: string, bytes: string, whole = true): string =>
  responseText(Buffer.from(bytes, "latin1"), `text/plain; charset=${charset}`, whole);

describe("a receiver's text", () => {
  it("keeps line ends and tabs, and drops every other control or format character", () => {
    const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
    const printable = Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index)).join("");
    expect(responseText(Buffer.from(all), null, true)).toBe(`\t\n${printable}\u00a0`);
    expect(responseText(Buffer.from("a\r\nb\rc\r\r\nd\r"), null, true)).toBe("a\r\nbc\r\nd");
  });

  it.each([
    ["directions", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"],
    ["what has no width", "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u180e"],
    ["other line ends", "\u0085\u2028\u2029"],
    ["tags and annotations", "\u{e0001}\u{e0041}\u{e007f}\ufff9\ufffa\ufffb"],
    ["escapes", "\u001b\u009b\u007f\u0000"],
  ])("drops %s, of which a reader would see only what they do to the rest", (_, characters) => {
    for (const character of characters) {
      expect(responseText(Buffer.from(`a${character}\u05d0${character}`), null, true)).toBe("a\u05d0");
    }
  });

  it("replaces invalid UTF-8, so that there is never a lone surrogate", () => {
    expect(responseText(Buffer.from([0x61, 0xff, 0x62, 0xed, 0xa0, 0x80]), null, true)).toBe(
      "a\ufffdb\ufffd\ufffd\ufffd",
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => responseText(Buffer.from(bytes), null, false).isWellFormed()));
  });

  it.each(["é", "€", "😀"])("leaves out a %s that the cut tore, and only then", (character) => {
    const whole = Buffer.from(`ab${character}`);
    for (let length = 3; length < whole.length; length += 1) {
      expect(responseText(whole.subarray(0, length), null, false)).toBe("ab");
      expect(responseText(whole.subarray(0, length), null, true)).toMatch(/^ab\ufffd+$/);
    }
    expect(responseText(whole, null, false)).toBe(`ab${character}`);
  });
});

describe("a receiver's text in its charset", () => {
  it.each([
    ["utf-16", "\xfe\xff\0a\0b", "ab"],
    ["utf-16", "\xff\xfea\0b\0", "ab"],
    ["latin1", "\xef\xbb\xbf\xc3\xa9", "é"],
  ])("%s is that of its byte order mark (%j)", (charset, bytes, text) => {
    expect(inCharset(charset, bytes)).toBe(text);
  });

  it.each([
    ["ISO-8859-1", "caf\xe9", "café"],
    ["windows-1252", "\x80 \x93caf\xe9\x94", "€ “café”"],
    ["windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"],
    ["KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"],
    ["Shift_JIS", "\x83G\x83\x89\x81[", "エラー"],
    ["EUC-JP", "\xa5\xa8\xa5\xe9\xa1\xbc", "エラー"],
    ["ISO-2022-JP", "\x1b$B%(%i!<\x1b(B!", "エラー!"],
    ["GBK", "\xb4\xed\xce\xf3", "错误"],
    ["gb18030", "\xb4\xed\x94\x39\xda\x33", "错💩"],
    ["Big5", "\xbf\xf9\xbb~", "錯誤"],
    ["EUC-KR", "\xbf\xc0\xb7\xf9", "오류"],
    ["utf-16le", "o\0k\0", "ok"],
    ["UTF-8", "caf\xc3\xa9", "café"],
    ["us-ascii", "ok", "ok"],
  ])("%s is decoded", (charset, bytes, text) => {
    expect(inCharset(charset, bytes)).toBe(text);
    expect(inCharset(`"${charset.toLowerCase()}"`, bytes)).toBe(text);
  });

  it.each([
    null,
    "",
    "text/html",
    "text/html; charset",
    "text/html; charset=",
    "text/html; charset=none-such",
    "text/html; charset=replacement",
    "charset=iso-8859-1",
    "no type at all",
    ";;;",
    `text/html;${" ".repeat(300)}charset=iso-8859-1`,
  ])("is UTF-8 beside Content-Type %j", (contentType) => {
    expect(responseText(Buffer.from("é"), contentType, true)).toBe("é");
  });

  it.each([
    ["Shift_JIS", "a\x81\x20b", "a\ufffd b"],
    ["Shift_JIS", "a\xfc\xfcb", "a\ufffdb"],
    ["EUC-JP", "a\xffb", "a\ufffdb"],
    ["windows-1253", "a\xffb", "a\ufffdb"],
    ["utf-16le", "\0\xd8a\0", "\ufffda"],
    ["UTF-8", "a\xe9b", "a\ufffdb"],
  ])("of %s has U+FFFD for what cannot be decoded", (charset, bytes, text) => {
    expect(inCharset(charset, bytes)).toBe(text);
  });

  it.each([
    ["windows-1255", "\xfe\xe0\xfd"],
    ["ISO-8859-8", "\xfe\xe0\xfd"],
    ["utf-16be", "\x20\x2e\x05\xd0\x20\x66"],
    ["windows-1255", "\x1b\0\x7f\r\x1a\xe0"],
  ])("of %s has no control or format characters", (charset, bytes) => {
    expect(inCharset(charset, bytes)).toBe("\u05d0");
  });

  it.each([
    ["Shift_JIS", "ab\x82", "ab"],
    ["GBK", "ab\xb4", "ab"],
    ["gb18030", "ab\x94\x39\xda", "ab"],
    ["EUC-KR", "ab\xbf", "ab"],
    ["utf-16le", "a\0b\0c", "ab"],
    ["utf-16le", "a\0b\0\x3d\xd8", "ab"],
    ["UTF-8", "ab\xe2\x82", "ab"],
  ])("of %s leaves out the character that the cut tore", (charset, bytes, text) => {
    expect(inCharset(charset, bytes, false)).toBe(text);
  });

  it("is well-formed and safe, whatever the bytes and the type", () => {
    const charset = fc.constantFrom(
      ...["utf-8", "utf-16le", "utf-16be", "shift_jis", "gb18030", "big5", "euc-jp", "iso-2022-jp", "euc-kr"],
      ...["windows-1252", "windows-1255", "x-user-defined", "none"],
    );
    const type = fc.oneof(
      charset.map((name) => `text/plain;charset=${name}`),
      fc.string(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.uint8Array(), type, fc.boolean(), (bytes, contentType, whole) => {
        const text = responseText(Buffer.from(bytes), contentType, whole);
        expect(text.isWellFormed()).toBe(true);
        expect(text.replaceAll("\r\n", "\n")).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
