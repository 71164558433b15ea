/** How much of a receiver's body is read and kept (docs/reference/receivers.md). */
export const MAX_RESPONSE_BODY_BYTES = 16 * 1024;

/**
 * What could change how a text is shown without being seen itself: control characters but line ends and tabs; format
 * characters, which turn the direction of what follows or hide in it; separators that some programs take for line ends.
 * A carriage return alone lets a terminal write over what stands there, so that only one before a line feed is a line end.
 */
const UNSAFE = /\r(?!\n)|[^\P{Cc}\n\r\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Collects the beginning of a body, in memory that does not depend on how small the pieces are that it comes in. */
export class ResponseBody {
  #bytes: Buffer | null = null;
  #length = 0;
  #overflown = false;

  /** Adds a piece of the body. */
  add(chunk: Buffer): void {
    const kept = chunk.subarray(0, MAX_RESPONSE_BODY_BYTES - this.#length);
    if (kept.length < chunk.length) this.#overflown = true;
    if (this.#bytes === null) {
      // Nearly every body is one piece, which then needs no copy.
      this.#bytes = kept;
    } else {
      if (this.#bytes.length < MAX_RESPONSE_BODY_BYTES) this.#bytes = grown(this.#bytes);
      kept.copy(this.#bytes, this.#length);
    }
    this.#length += kept.length;
  }

  /** Whether the body is longer than what is kept, so that reading on would be in vain. */
  get overflown(): boolean {
    return this.#overflown;
  }

  /** What is kept, as text. `whole` tells that the receiver ended its body, so that nothing is missing. */
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
 * A receiver's bytes as text that is safe to show: read as UTF-8, what is not UTF-8 as U+FFFD (so there is never a lone
 * surrogate), without control and format characters other than line ends and tabs. When the bytes are not the whole body, a
 * character that the cut tore is left out.
 */
export function responseText(bytes: Buffer, whole: boolean): string {
  const complete = whole ? bytes : bytes.subarray(0, endOfLastCharacter(bytes));
  return complete.toString("utf8").replace(UNSAFE, "");
}

/** The length without the beginning of a character whose other bytes are missing. */
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
