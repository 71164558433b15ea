/** The most UTF-8 bytes of a character (UTF-16 unit). */
const MAX_BYTES = 3;

/**
 * Collects texts as UTF-8, so that they are hashed or written in few large pieces: each such call costs more than
 * encoding an event.
 */
export class TextBytes {
  readonly #size: number;
  #buffer: Buffer;
  #length = 0;

  /** `size`: about how many bytes to collect before taking them. It grows for a text that does not fit. */
  constructor(size: number) {
    this.#size = size;
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a text, which must be well-formed. */
  add(text: string): void {
    // The quick upper bound is enough, except at the end of the buffer.
    if (this.#length + text.length * MAX_BYTES > this.#buffer.length) this.#makeRoom(Buffer.byteLength(text));
    this.#length += this.#buffer.write(text, this.#length);
  }

  /** Returns the bytes and starts again. They are valid until the next text is added. */
  flush(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return bytes;
  }

  /** Returns the bytes, which stay valid, and starts again. */
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
