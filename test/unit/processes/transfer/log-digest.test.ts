import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LogDigest } from "../../../../src/processes/transfer/log-digest.ts";
import { TextBytes } from "../../../../src/processes/transfer/text-bytes.ts";

/** Texts of every kind of character, some of them larger than what is collected. */
const texts = fc.array(
  fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .record({ unit: fc.constantFrom("x", "ä", "€", "\u{1f600}"), count: fc.nat(100_000) })
      .map(({ unit, count }) => unit.repeat(count)),
  ),
  { maxLength: 20 },
);

describe("the digest of a log", () => {
  it("is SHA-256 over each leaf and a line end, also when it is asked for in between", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.boolean()), (leaves, asks) => {
        const digest = new LogDigest();
        const plain = createHash("sha256");
        for (const [index, leaf] of leaves.entries()) {
          digest.add(leaf);
          plain.update(`${leaf}\n`);
          if (asks[index] === true) expect(digest.sha256()).toBe(plain.copy().digest("hex"));
        }
        expect([digest.events, digest.sha256()]).toEqual([leaves.length, plain.digest("hex")]);
      }),
    );
  });
});

describe("texts that are collected as bytes", () => {
  it("are their UTF-8, whatever the size, and what was taken stays", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 5 }), (all, size, every) => {
        const bytes = new TextBytes(size);
        const taken: Uint8Array[] = [];
        for (const [index, text] of all.entries()) {
          bytes.add(text);
          if (index % every === 0) taken.push(bytes.take());
        }
        taken.push(bytes.flush());
        expect(bytes.length).toBe(0);
        expect(Buffer.concat(taken).equals(Buffer.from(all.join("")))).toBe(true);
      }),
    );
  });
});
