import { createHash } from "node:crypto";
import { TextBytes } from "./text-bytes.ts";

/** The approximate size of the pieces that are hashed, in bytes. */
const PIECE = 32 * 1024;

/**
 * The digest of events in order: SHA-256 over the leaf of each (see `writtenEvent`) and a line end. It does not cover
 * positions and times of recording, so a log keeps its digest when it moves.
 */
export class LogDigest {
  readonly #hash = createHash("sha256");
  readonly #leaves = new TextBytes(2 * PIECE);
  #events = 0;

  /** Adds the next event. */
  add(leaf: string): void {
    this.#leaves.add(leaf);
    this.#leaves.add("\n");
    this.#events += 1;
    if (this.#leaves.length >= PIECE) this.#hash.update(this.#leaves.flush());
  }

  /** How many events were added. */
  get events(): number {
    return this.#events;
  }

  /** The digest so far, as 64 hexadecimal digits in lower case. */
  sha256(): string {
    return this.#hash.update(this.#leaves.flush()).copy().digest("hex");
  }
}
