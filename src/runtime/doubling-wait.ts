/** The waits between tries of something that keeps failing: each twice as long as the one before, up to the longest. */
export class DoublingWait {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #nextMs: number;

  /** The first and the longest wait, in ms. */
  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#nextMs = firstMs;
  }

  /** The next wait, in ms. */
  next(): number {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(waitMs * 2, this.#longestMs);
    return waitMs;
  }

  /** Starts again with the first wait. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
