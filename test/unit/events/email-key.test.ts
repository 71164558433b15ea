import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emailKey, hasUnicodeDomain } from "../../../src/events/email-key.ts";

describe("the key of an e-mail address", () => {
  it.each([
    ["Ada@Example.COM", "Ada@example.com"],
    ["a@b.co", "a@b.co"],
    ["Bücher@bücher.example", "Bücher@xn--bcher-kva.example"],
    ["a@bu\u0308cher.example", "a@xn--bcher-kva.example"],
    ["a@BU\u0308CHER.Example", "a@xn--bcher-kva.example"],
    ["a@ＢÜcher.example", "a@xn--bcher-kva.example"],
    ["a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"],
    ["a@ｅｘａｍｐｌｅ.com", "a@example.com"],
    ["a@почта.рф", "a@xn--80a1acny.xn--p1ai"],
    ["a@straße.example", "a@xn--strae-oqa.example"],
    ["a@strasse.example", "a@strasse.example"],
    ["a@b@c.example", "a@b@c.example"],
  ])("of %s is %s", (email, key) => {
    expect(emailKey(email)).toBe(key);
  });

  it("keeps the local part exactly", () => {
    expect(emailKey("BÜ@example.com")).not.toBe(emailKey("bü@example.com"));
    expect(emailKey("bu\u0308@example.com")).not.toBe(emailKey("bü@example.com"));
  });

  it("of a domain that has no ASCII form is the domain in lower case", () => {
    expect(emailKey("a@\u0301X.example")).toBe("a@\u0301x.example");
  });

  it("of a domain in ASCII is what earlier programs reserved it by: the domain in lower case", () => {
    const label = fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 2, maxLength: 4 }), (labels) => {
        const domain = labels.join(".");
        expect(emailKey(`Ada@${domain}`)).toBe(`Ada@${domain.toLowerCase()}`);
        expect(hasUnicodeDomain(`Adä@${domain}`)).toBe(false);
      }),
    );
  });

  it("is its own key", () => {
    const letter = fc.constantFrom("a", "B", "ü", "u\u0308", "Ё", "ß", "漢", "9", "ａ");
    fc.assert(
      fc.property(fc.string({ unit: letter, minLength: 1, maxLength: 12 }), (label) => {
        const key = emailKey(`a@${label}.example`);
        expect(emailKey(key)).toBe(key);
        expect(emailKey(`a@${label.normalize("NFD")}.example`)).toBe(key);
      }),
    );
  });
});
