import { LOG_STREAM } from "../../events/log.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { NoteRefused, noteSigner, openNote } from "./signed-note.ts";
import type { NoteSigner } from "./signed-note.ts";

/** The size and the root of the log's tree at one moment. */
export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

const HEAD = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n/;

/**
 * The signer for this log. It is named after the log's first event, so the name stays wherever the log moves.
 *
 * @param seed the 32 bytes derived from the master key for this purpose
 * @returns null for a log that has not begun
 * @throws what the store throws
 */
export async function signerOf(store: Pick<EventStore, "read">, seed: Uint8Array): Promise<NoteSigner | null> {
  const [begun] = await store.read(LOG_STREAM, { limit: 1 });
  return begun === undefined ? null : noteSigner(originOf(begun.id), seed);
}

/** The name of the log that began with this event. */
export function originOf(eventId: string): string {
  return `webhook-gateway/${eventId.replaceAll("-", "").slice(0, 16)}`;
}

/**
 * A signed tree head, in the form that C2SP calls a checkpoint (https://c2sp.org/tlog-checkpoint): origin, size, root,
 * signature.
 */
export function writeSignedTreeHead({ size, root }: TreeHead, signer: NoteSigner): string {
  return signer.sign(`${signer.name}\n${size}\n${root.toString("base64")}\n`);
}

/**
 * The tree head in a note signed by this key. Lines after the root are ignored, as the format requires.
 *
 * @throws NoteRefused when it is not a checkpoint, was changed, or belongs to another log
 */
export function readSignedTreeHead(note: string, publicKey: string): TreeHead {
  const text = openNote(note, publicKey);
  const [, origin, size, root = ""] = HEAD.exec(text) ?? [];
  if (origin === undefined || !Number.isSafeInteger(Number(size)))
    throw new NoteRefused("this note is not a checkpoint");
  if (!publicKey.startsWith(`${origin}+`)) throw new NoteRefused(`this is a checkpoint of another log, ${origin}`);
  return { size: Number(size), root: Buffer.from(root, "base64") };
}
