import { LOG_STREAM } from "../../events/log.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { NoteRefused, noteSigner, openNote } from "./signed-note.ts";
import type { NoteSigner } from "./signed-note.ts";

/** How large the tree over the log was, and its root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

const HEAD = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n/;

/**
 * Who signs for this log: named after the event that began it, so that the name stays wherever the log moves.
 *
 * @param seed the 32 bytes that are derived from the master key for this
 * @returns null for a log that was not begun
 * @throws whatever the store throws
 */
export async function signerOf(store: Pick<EventStore, "read">, seed: Uint8Array): Promise<NoteSigner | null> {
  const [begun] = await store.read(LOG_STREAM, { limit: 1 });
  return begun === undefined ? null : noteSigner(originOf(begun.id), seed);
}

/** The name of the log that the event with this id began. */
export function originOf(eventId: string): string {
  return `webhook-gateway/${eventId.replaceAll("-", "").slice(0, 16)}`;
}

/** A signed tree head, in the form that C2SP calls a checkpoint (https://c2sp.org/tlog-checkpoint): origin, size, root, signature. */
export function writeSignedTreeHead({ size, root }: TreeHead, signer: NoteSigner): string {
  return signer.sign(`${signer.name}\n${size}\n${root.toString("base64")}\n`);
}

/**
 * The tree head in a note that this key has signed. Lines after the root are ignored, as the format requires.
 *
 * @throws NoteRefused when it is no checkpoint, was changed, or is another log's
 */
export function readSignedTreeHead(note: string, publicKey: string): TreeHead {
  const text = openNote(note, publicKey);
  const [, origin, size, root = ""] = HEAD.exec(text) ?? [];
  if (origin === undefined || !Number.isSafeInteger(Number(size)))
    throw new NoteRefused("this note is not a checkpoint");
  if (!publicKey.startsWith(`${origin}+`)) throw new NoteRefused(`this is a checkpoint of another log, ${origin}`);
  return { size: Number(size), root: Buffer.from(root, "base64") };
}
