import { numberOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";
import type { StoredDocument } from "../store/document-store.ts";
import type { Term } from "./terms.ts";

/** How many positions a chunk has when it is closed. */
export const CHUNK = 512;

/** The positions of a term in a part of the log. A closed one is full and never changes. */
export interface ChunkDocument extends StoredDocument {
  /** The positions in base 36 with commas between them, each as its distance from the one before (the first from 0). */
  readonly positions: string;
}

/** The chunk of a term that is being filled: the last one. Its `position` is that of its last event. */
export interface OpenChunkDocument extends ChunkDocument {
  readonly count: number;
  /** How many chunks of the term were closed before. */
  readonly closed: number;
}

/** The id of a term's open chunk. */
export function openChunkId(term: Term): string {
  return `open/${term}`;
}

/** The id of the closed chunk of a term that ends at this position. */
export function closedChunkId(term: Term, last: Position): string {
  return `chunk/${term}/${last}`;
}

/** The ids of all closed chunks of a term: from the first (inclusive), to the second (exclusive). */
export function closedChunkIds(term: Term): readonly [from: string, to: string] {
  return [`chunk/${term}/`, `chunk/${term}0`];
}

/**
 * The open chunk of a term after further positions, and the chunks that became full on the way. What is closed depends
 * on the positions alone, and not on how they come in batches.
 *
 * @param before null: the term has no chunk yet
 * @param positions ascending; those at or before the position of `before` are left out
 */
export function extended(
  term: Term,
  before: OpenChunkDocument | null,
  positions: readonly Position[],
): { readonly open: OpenChunkDocument | null; readonly closed: readonly ChunkDocument[] } {
  const closed: ChunkDocument[] = [];
  let last = before?.position ?? null;
  let at = last === null ? 0 : numberOf(last);
  let count = before?.count ?? 0;
  let text = before?.positions ?? "";
  for (const position of positions) {
    if (last !== null && position <= last) continue;
    if (count === CHUNK && last !== null) {
      closed.push({ _id: closedChunkId(term, last), position: last, positions: text });
      [count, text, at] = [0, "", 0];
    }
    const number = numberOf(position);
    text += `${count === 0 ? "" : ","}${(number - at).toString(36)}`;
    at = number;
    last = position;
    count += 1;
  }
  if (last === null || last === before?.position) return { open: null, closed };
  const open = {
    _id: openChunkId(term),
    position: last,
    positions: text,
    count,
    closed: (before?.closed ?? 0) + closed.length,
  };
  return { open, closed };
}

const COMMA = 44;
const LETTER_A = 97;
const DIGIT_0 = 48;

/** The positions of a chunk, ascending, as numbers. */
export function positionsIn({ positions: text }: ChunkDocument): number[] {
  const positions: number[] = [];
  let at = 0;
  let distance = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === COMMA) {
      at += distance;
      positions.push(at);
      distance = 0;
    } else {
      distance = distance * 36 + (code >= LETTER_A ? code - LETTER_A + 10 : code - DIGIT_0);
    }
  }
  positions.push(at + distance);
  return positions;
}
