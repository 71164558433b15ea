import { createHash } from "node:crypto";

/**
 * The digest of events in their order: SHA-256 over the leaf of each (see `writtenEvent`) and a line end. Positions and
 * times of recording are not in it, so a log keeps its digest when it moves.
 */
export class LogDigest {
  readonly #hash = createHash("sha256");
  #events = 0;

  /** Takes the next event. */
  add(leaf: string): void {
    this.#hash.update(leaf).update("\n");
    this.#events += 1;
  }

  /** How many events it has taken. */
  get events(): number {
    return this.#events;
  }

  /** The digest of what it has taken so far, 64 hexadecimal digits in lower case. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }
}
