import { hash, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ed25519PrivateKey, ed25519PublicKey, rawPublicKey } from "../../secrets/ed25519.ts";

/** The byte for ed25519 in a key's id and in its text form (C2SP signed-note). */
const ED25519 = 1;
const KEY_BYTES = 32;
const ID_BYTES = 4;

/** A key's name may have no white space and no plus (C2SP signed-note). */
const NAME = /^[^\s+]+$/u;
/** An ed25519 signature has 64 bytes; a note puts the key's id before it. */
const SIGNATURE_LINE = /^\u2014 (\S+) ([A-Za-z0-9+/]{91}=)$/u;

/** A signer of notes. */
export interface NoteSigner {
  readonly name: string;
  /** For verifiers: `<name>+<key id>+<key>`. */
  readonly publicKey: string;
  /** Returns the text with a signature. The text must end with a line end. */
  sign(text: string): string;
}

/** A note or a key is invalid or cannot be trusted. The message is one line. */
export class NoteRefused extends Error {
  readonly code = "note_refused";

  constructor(message: string) {
    super(message);
    this.name = "NoteRefused";
  }
}

/**
 * A signer of notes in the form of C2SP signed-note (https://c2sp.org/signed-note).
 *
 * @param seed the 32 bytes of an ed25519 private key
 */
export function noteSigner(name: string, seed: Uint8Array): NoteSigner {
  if (!NAME.test(name)) throw new RangeError(`invalid key name: ${JSON.stringify(name)}`);
  const privateKey = ed25519PrivateKey(seed);
  const raw = rawPublicKey(privateKey);
  const id = keyId(name, raw);
  return {
    name,
    publicKey: `${name}+${id.toString("hex")}+${Buffer.concat([Buffer.of(ED25519), raw]).toString("base64")}`,
    sign: (text) => {
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString("base64");
      return `${text}\n\u2014 ${name} ${signature}\n`;
    },
  };
}

/**
 * The text of a note signed by this key. Signatures of other keys, such as witnesses, are ignored.
 *
 * @param publicKey as `NoteSigner.publicKey`
 * @throws NoteRefused when the note is not signed by this key, or was changed
 */
export function openNote(note: string, publicKey: string): string {
  const { name, id, key } = keyFrom(publicKey);
  const border = note.lastIndexOf("\n\n");
  if (border < 0 || !note.endsWith("\n")) throw new NoteRefused("this is not a signed note");
  const text = note.slice(0, border + 1);
  for (const line of note.slice(border + 2, -1).split("\n")) {
    const [, signer, signature = ""] = SIGNATURE_LINE.exec(line) ?? [];
    const bytes = Buffer.from(signature, "base64");
    if (signer !== name || !bytes.subarray(0, ID_BYTES).equals(id)) continue;
    if (verify(null, Buffer.from(text), key, bytes.subarray(ID_BYTES))) return text;
    throw new NoteRefused(`the note was changed: the signature of ${name} does not match its text`);
  }
  throw new NoteRefused(`the note has no signature of the key ${name}+${id.toString("hex")}`);
}

function keyFrom(text: string): { name: string; id: Buffer; key: KeyObject } {
  // The base64 key may contain a plus, but the name may not.
  const [, name = "", hexId = "", base64 = ""] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text.trim()) ?? [];
  const bytes = Buffer.from(base64, "base64");
  const raw = bytes.subarray(1);
  if (bytes[0] !== ED25519 || raw.length !== KEY_BYTES)
    throw new NoteRefused("this is not a public key for signed notes");
  const id = keyId(name, raw);
  if (id.toString("hex") !== hexId) throw new NoteRefused("the public key was changed: its id belongs to another");
  return { name, id, key: ed25519PublicKey(raw) };
}

function keyId(name: string, raw: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), raw]), "buffer").subarray(
    0,
    ID_BYTES,
  );
}
