import { createDecipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SealBroken, Sealer } from "../../../src/secrets/sealing.ts";

const KEY = Buffer.alloc(32, 7);
const sealer = new Sealer(KEY, randomBytes);
const other = new Sealer(Buffer.alloc(32, 8), randomBytes);
const secret = Buffer.from("hunter2 hunter2 hunter2 hunter2!");

const bytes = fc.uint8Array({ maxLength: 300 });
const owner = fc.string({ unit: "grapheme" });
const refused = { code: "seal_broken", message: expect.stringMatching(/^a sealed text cannot be opened: /) as string };

describe("a seal", () => {
  it("opens to the sealed bytes for the key's holder, and reveals nothing before", () => {
    fc.assert(
      fc.property(bytes, owner, (plaintext, whose) => {
        const text = sealer.seal(plaintext, whose);
        expect(text).toMatch(/^v1\.[\w-]+$/);
        const again = new Sealer(KEY, () => expect.unreachable("opening needs no random bytes"));
        expect(Buffer.from(again.open(text, whose))).toEqual(Buffer.from(plaintext));
      }),
    );
    expect(sealer.seal(secret, "me")).not.toContain(secret.toString("base64url").slice(0, 10));
  });

  it("is another each time, with a nonce of its own", () => {
    const texts = Array.from({ length: 100 }, () => sealer.seal(secret, "me"));
    expect(new Set(texts.map((text) => text.slice(0, "v1.".length + 16))).size).toBe(100);
  });

  it("is refused as another owner's, and with another key", () => {
    fc.assert(
      fc.property(bytes, owner, owner, (plaintext, whose, stranger) => {
        fc.pre(whose !== stranger);
        const text = sealer.seal(plaintext, whose);
        expect(() => sealer.open(text, stranger)).toThrow(SealBroken);
        expect(() => other.open(text, whose)).toThrow(SealBroken);
      }),
    );
  });

  it("is refused with any one character changed, left out or put in", () => {
    fc.assert(
      fc.property(
        bytes,
        fc.nat(),
        fc.constantFrom("A", "a", "0", "-", "_", "=", ".", " ", "\n", "é", "😀"),
        (plaintext, place, character) => {
          const text = sealer.seal(plaintext, "me");
          const at = place % text.length;
          fc.pre(text[at] !== character);
          const [before, after] = [text.slice(0, at), text.slice(at + 1)];
          for (const changed of [before + character + after, before + after, before + character + text.slice(at)]) {
            expect(() => sealer.open(changed, "me")).toThrow(SealBroken);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is refused in another spelling of the same bytes", () => {
    const text = sealer.seal(Buffer.alloc(35, 255), "me");
    expect(Buffer.from(text.slice(3), "base64url")).toHaveLength(63);
    const spellings = [
      `${text}=`,
      `${text} `,
      text.replaceAll("-", "+").replaceAll("_", "/"),
      text.replace("v1.", "v2."),
    ];
    for (const spelling of spellings.filter((it) => it !== text)) {
      expect(() => sealer.open(spelling, "me")).toThrow(SealBroken);
    }
  });

  it.each([
    "",
    "v1",
    "v1.",
    "v1.AAAA",
    `v1.${"A".repeat(36)}`,
    `v1.${"A".repeat(38)}`,
    `v1.${"A".repeat(200)}`,
    "null",
  ])("is nothing that was never sealed: %j", (text) => {
    expect(() => sealer.open(text, "me")).toThrow(SealBroken);
  });

  it("cut to a shorter tag is refused", () => {
    const sealed = Buffer.from(sealer.seal(secret, "me").slice(3), "base64url");
    for (let cut = 1; cut < sealed.length; cut += 1) {
      expect(() => sealer.open(`v1.${sealed.subarray(0, -cut).toString("base64url")}`, "me")).toThrow(SealBroken);
    }
  });

  it("is refused with one error that reveals neither the text nor its content", () => {
    const text = sealer.seal(secret, "me");
    for (const open of [() => sealer.open(text, "you"), () => other.open(text, "me"), () => sealer.open("v1.", "me")]) {
      let thrown: unknown;
      try {
        open();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject(refused);
      expect(thrown).toBeInstanceOf(SealBroken);
      expect((thrown as Error).cause).toBeUndefined();
      expect(String(thrown)).not.toContain(text.slice(3, 12));
    }
  });

  it("is AES-256-GCM with 96 bits of nonce and the owner as additional data, as any other program reads it", () => {
    const sealed = Buffer.from(sealer.seal(secret, "endpoint-7 keys").slice(3), "base64url");
    const decipher = createDecipheriv("aes-256-gcm", KEY, sealed.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from("endpoint-7 keys")).setAuthTag(sealed.subarray(-16));
    expect(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])).toEqual(secret);
  });
});
