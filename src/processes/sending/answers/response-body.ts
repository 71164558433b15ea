/** How much of a receiver's body is read and kept (docs/reference/receivers.md). */
export const MAX_RESPONSE_BODY_BYTES = 16 * 1024;

/**
 * Characters that change how text is shown without being visible: control characters except line ends and tabs; format
 * characters, which change the direction of text or hide in it; separators that some programs treat as line ends. A
 * lone carriage return lets a terminal overwrite the line, so it is a line end only before a line feed.
 */
const UNSAFE = /\r(?!\n)|[^\P{Cc}\n\r\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Collects the beginning of a body, in memory that does not depend on the size of its chunks. */
export class ResponseBody {
  #bytes: Buffer | null = null;
  #length = 0;
  #overflown = false;

  /** Adds a chunk of the body. */
  add(chunk: Buffer): void {
    const kept = chunk.subarray(0, MAX_RESPONSE_BODY_BYTES - this.#length);
    if (kept.length < chunk.length) this.#overflown = true;
    if (this.#bytes === null) {
      // Nearly every body is one chunk, which needs no copy.
      this.#bytes = kept;
    } else {
      if (this.#bytes.length < MAX_RESPONSE_BODY_BYTES) this.#bytes = grown(this.#bytes);
      kept.copy(this.#bytes, this.#length);
    }
    this.#length += kept.length;
  }

  /** Whether the body is longer than what is kept, so that reading on is useless. */
  get overflown(): boolean {
    return this.#overflown;
  }

  /** The kept part as text. `whole` means that the receiver ended its body, so nothing is missing. */
  text(whole: boolean): string {
    return this.#bytes === null ? "" : responseText(this.#bytes.subarray(0, this.#length), whole);
  }
}

function grown(bytes: Buffer): Buffer {
  const larger = Buffer.allocUnsafe(MAX_RESPONSE_BODY_BYTES);
  bytes.copy(larger);
  return larger;
}

/**
 * A receiver's bytes as text that is safe to show: decoded as UTF-8, with U+FFFD for invalid bytes (so there is never a
 * lone surrogate), and without control and format characters other than line ends and tabs. If the body was cut, a
 * character torn by the cut is left out.
 */
export function responseText(bytes: Buffer, whole: boolean): string {
  const complete = whole ? bytes : bytes.subarray(0, endOfLastCharacter(bytes));
  return complete.toString("utf8").replace(UNSAFE, "");
}

/** The length without an incomplete character at the end. */
function endOfLastCharacter(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const expected = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return expected > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
