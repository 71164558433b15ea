/** The waits between tries of something that keeps failing: the first, then twice as long each time, up to the longest. */
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

  /** How long to wait this time, in ms. */
  next(): number {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(waitMs * 2, this.#longestMs);
    return waitMs;
  }

  /** It worked: the next wait is the first one again. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
