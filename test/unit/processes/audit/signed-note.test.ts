import { describe, expect, it } from "vitest";
import { beginLog } from "../../../../src/commands/begin-log.ts";
import { LOG_STREAM } from "../../../../src/events/log.ts";
import { MemoryEventStore } from "../../../../src/events/store/memory/memory-event-store.ts";
import { NoteRefused, noteSigner, openNote } from "../../../../src/processes/audit/signed-note.ts";
import { readSignedTreeHead, signerOf, writeSignedTreeHead } from "../../../../src/processes/audit/tree-head.ts";
import { EMPTY_ROOT, leafHash } from "../../../../src/projections/audit-tree/merkle-tree.ts";
import { deriveSecrets } from "../../../../src/secrets/secrets.ts";
import { newContext } from "../../../fixtures/event-log/store-doubles.ts";

/** The example of Go's package golang.org/x/mod/sumdb/note, where the form comes from. */
const PUBLISHED = {
  publicKey: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
  seed: Buffer.from("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz", "base64").subarray(1),
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signature:
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};
const other = noteSigner("other.example/log", Buffer.alloc(32, 9));

describe("a signed note", () => {
  it("is the published one for the published key", () => {
    const signer = noteSigner("PeterNeumann", PUBLISHED.seed);
    expect(signer.publicKey).toBe(PUBLISHED.publicKey);
    expect(signer.sign(PUBLISHED.text)).toBe(`${PUBLISHED.text}\n${PUBLISHED.signature}`);
  });

  it("is opened with the key that signed it, others' signatures beside", () => {
    const note = `${PUBLISHED.text}\n${PUBLISHED.signature}`;
    expect(openNote(note, PUBLISHED.publicKey)).toBe(PUBLISHED.text);
    expect(openNote(note, `${PUBLISHED.publicKey}\n`)).toBe(PUBLISHED.text);
    const [, witness = ""] = other.sign(PUBLISHED.text).split("\n\n");
    const longer = `\u2014 witness ${Buffer.alloc(76, 1).toString("base64")}\n`;
    for (const more of [
      note + witness,
      note + longer,
      `${PUBLISHED.text}\n${witness}${longer}${PUBLISHED.signature}`,
    ]) {
      expect(openNote(more, PUBLISHED.publicKey)).toBe(PUBLISHED.text);
    }
  });

  it("is refused when a byte of it was changed, or when another signed it", () => {
    const note = `${PUBLISHED.text}\n${PUBLISHED.signature}`;
    const forged = other.sign(PUBLISHED.text).replace("\u2014 other.example/log", "\u2014 PeterNeumann");
    const broken = [
      ...Array.from({ length: note.length }, (_, at) => {
        const changed = note[at] === "A" ? "B" : "A";
        return note.slice(0, at) + changed + note.slice(at + 1);
      }),
      ...["", "\n\n", "text", note.slice(0, -1), `${note}\n`, forged, other.sign(PUBLISHED.text), PUBLISHED.text],
    ];
    for (const text of broken) expect(() => openNote(text, PUBLISHED.publicKey), text).toThrow(NoteRefused);
  });

  it("needs a key that is one", () => {
    const { publicKey } = PUBLISHED;
    const broken = [
      "",
      "PeterNeumann",
      publicKey.replace("Peter", "Patty"),
      publicKey.replace("c74f20a3", "c74f20a4"),
      publicKey.replace("ARpc", "Arpc"),
      publicKey.slice(0, -1),
      `${publicKey} ${publicKey}`,
    ];
    for (const key of broken) expect(() => openNote("a\n\nb\n", key), key).toThrow(/public key/);
    for (const name of ["", "a b", "a+b", "a\n"]) expect(() => noteSigner(name, PUBLISHED.seed)).toThrow(RangeError);
  });
});

describe("a checkpoint", () => {
  const signer = noteSigner("webhook-gateway/0123456789abcdef", Buffer.alloc(32, 3));
  const head = { size: 12_345, root: leafHash("root") };

  it("is origin, size and root, signed, and read again with the key", () => {
    const note = writeSignedTreeHead(head, signer);
    expect(note.split("\n")).toEqual([
      signer.name,
      "12345",
      head.root.toString("base64"),
      "",
      expect.stringMatching(/^\u2014 webhook-gateway\/0123456789abcdef [A-Za-z0-9+/]{91}=$/),
      "",
    ]);
    expect(readSignedTreeHead(note, signer.publicKey)).toEqual(head);
    const empty = { size: 0, root: EMPTY_ROOT };
    expect(readSignedTreeHead(writeSignedTreeHead(empty, signer), signer.publicKey)).toEqual(empty);
  });

  it("may have further lines, as the form says", () => {
    const note = signer.sign(`${signer.name}\n7\n${head.root.toString("base64")}\nextension 1\n`);
    expect(readSignedTreeHead(note, signer.publicKey)).toEqual({ ...head, size: 7 });
  });

  it.each([
    ["another origin", `other\n7\n${head.root.toString("base64")}\n`],
    ["a size with a zero before it", `${signer.name}\n07\n${head.root.toString("base64")}\n`],
    ["a size below zero", `${signer.name}\n-7\n${head.root.toString("base64")}\n`],
    ["a size that no number holds", `${signer.name}\n9999999999999999\n${head.root.toString("base64")}\n`],
    ["a short root", `${signer.name}\n7\n${head.root.subarray(1).toString("base64")}\n`],
    ["no root", `${signer.name}\n7\n`],
    ["nothing", "\n"],
  ])("is refused with %s, although it is signed", (_what, text) => {
    expect(() => readSignedTreeHead(signer.sign(text), signer.publicKey)).toThrow(NoteRefused);
  });
});

describe("who signs for a log", () => {
  it("is named after its first event, and is another for another log or master key", async () => {
    const seed = deriveSecrets(Buffer.alloc(32, 7).toString("base64")).auditSigning;
    const store = new MemoryEventStore({ now: () => 0 });
    expect(await signerOf(store, seed)).toBeNull();
    await beginLog(store, { masterKeyCheck: "check", now: "2026-01-01T00:00:00.000Z" }, newContext());
    const [begun] = await store.read(LOG_STREAM);
    const signer = await signerOf(store, seed);
    expect(signer?.name).toBe(`webhook-gateway/${begun!.id.replaceAll("-", "").slice(0, 16)}`);
    expect((await signerOf(store, seed))?.publicKey).toBe(signer?.publicKey);
    const otherSeed = deriveSecrets(Buffer.alloc(32, 8).toString("base64")).auditSigning;
    expect((await signerOf(store, otherSeed))?.publicKey).not.toBe(signer?.publicKey);
  });
});
