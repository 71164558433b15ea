import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { percentEncoded, requestTarget } from "../../../../src/processes/sending/request-target.ts";

const targetOf = (url: string): string => requestTarget(new URL(url), url);

/** RFC 9112 section 3.2.1 (origin-form) over RFC 3986 appendix A. */
const PCHAR = String.raw`(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})`;
const ORIGIN_FORM = new RegExp(String.raw`^(?:/${PCHAR}*)+(?:\?(?:${PCHAR}|[/?])*)?$`);

const PIECES = ["%", "%", "2", "aF", "z", ..."{}[]|^\"<>`'/?&=+:@.".split(""), "é", "\ud83d", "😀"];
/** Text in which what matters here is frequent. */
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(...PIECES) }));
/** Text without what the rules for targets refuse in a URL. */
const partOfUrl = anyText.map((text) => text.replace(/[\p{Cc}\s\\#]/gu, ""));
const anyUrl = fc
  .tuple(partOfUrl, fc.option(partOfUrl, { nil: null }))
  .map(([path, query]) => `http://host.example/${path}${query === null ? "" : `?${query}`}`)
  .filter((url) => URL.canParse(url));

describe("the target of a request", () => {
  it.each([
    ["http://host.example", "/"],
    ["http://host.example?a=b", "/?a=b"],
    ["http://host.example/hook?", "/hook?"],
    ["http://host.example/a//b/../c", "/a//c"],
    ["http://host.example/%zz", "/%25zz"],
    ["http://host.example/%", "/%25"],
    ["http://host.example/%%41", "/%25%41"],
    ["http://host.example/%2%41", "/%252%41"],
    ["http://host.example/a%2fb%C3%bC", "/a%2fb%C3%bC"],
    ["http://host.example/[a]{b}|^\"<>`'", "/%5Ba%5D%7Bb%7D%7C%5E%22%3C%3E%60'"],
    ["http://host.example/?x={y}", "/?x=%7By%7D"],
    ['http://host.example/?[a]{b}|^"<>`%zz?/', "/?%5Ba%5D%7Bb%7D%7C%5E%22%3C%3E%60%25zz?/"],
    ["http://host.example/?a='b'&c=%27", "/?a='b'&c=%27"],
    ["http://host.example/ü?ü=😀", "/%C3%BC?%C3%BC=%F0%9F%98%80"],
    ["http://host.example/?a=\ud83d", "/?a=%EF%BF%BD"],
  ])("of %s is %s", (url, target) => {
    expect(targetOf(url)).toBe(target);
  });

  it("is valid, whatever the URL", () => {
    fc.assert(
      fc.property(anyUrl, (text) => {
        expect(targetOf(text)).toMatch(ORIGIN_FORM);
      }),
    );
  });

  it("means what the URL means", () => {
    // To the parser, these two ways to write one are the same.
    const spelled = (query: string): string => percentEncoded(query).replaceAll("'", "%27");
    fc.assert(
      fc.property(anyUrl, (text) => {
        const url = new URL(text);
        const target = targetOf(text);
        const query = target.includes("?") ? target.slice(target.indexOf("?")) : "";
        expect(target.slice(0, target.length - query.length)).toBe(percentEncoded(url.pathname));
        // An empty query is one, which the parser does not show.
        expect(spelled(query === "?" ? "" : query)).toBe(spelled(url.search));
      }),
    );
  });

  it("does not change when it is encoded again", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = percentEncoded(text);
        expect(percentEncoded(once)).toBe(once);
      }),
    );
  });

  it("stays as it is when it is valid", () => {
    fc.assert(
      fc.property(fc.stringMatching(ORIGIN_FORM), (target) => {
        expect(percentEncoded(target)).toBe(target);
      }),
    );
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), (path, query) => {
        expect(targetOf(`http://host.example/a${path}?a=${query}`)).toBe(
          `${new URL(`http://host.example/a${path}`).pathname}?a=${query}`,
        );
      }),
    );
  });
});
