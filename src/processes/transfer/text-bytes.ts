/** A character (UTF-16 unit) is at most so many bytes of UTF-8. */
const MAX_BYTES = 3;

/**
 * Collects texts as UTF-8, one after the other, so that they are hashed or written in few large pieces: each call of
 * either costs more than to encode an event.
 */
export class TextBytes {
  readonly #size: number;
  #buffer: Buffer;
  #length = 0;

  /** `size`: about how many bytes are collected before they are taken. It grows for a text that does not fit. */
  constructor(size: number) {
    this.#size = size;
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a text, which must be well-formed. */
  add(text: string): void {
    // Of the two bounds the quick one is enough, except at the end of the buffer.
    if (this.#length + text.length * MAX_BYTES > this.#buffer.length) this.#makeRoom(Buffer.byteLength(text));
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** Gives what there is and begins again. The bytes are as they are until the next text is added. */
  flush(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Gives what there is, for good, and begins again. */
  take(): Uint8Array {
    const bytes = this.flush();
    this.#buffer = Buffer.allocUnsafeSlow(this.#size);
    return bytes;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(needed);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
