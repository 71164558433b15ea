import { responseText } from "./response-text.ts";

/** How much of a receiver's body is read and kept (docs/reference/receivers.md). */
export const MAX_RESPONSE_BODY_BYTES = 16 * 1024;

/** Collects the beginning of a body, in memory that does not depend on the size of its chunks. */
export class ResponseBody {
  #bytes: Buffer | null = null;
  #length = 0;
  #overflown = false;
  #contentType: string | null = null;

  /** Notes the `Content-Type` of the body; a repeated header is an array, and counts as none. */
  setType(contentType: string | string[] | undefined): void {
    if (typeof contentType === "string") this.#contentType = contentType;
  }

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
    return this.#bytes === null ? "" : responseText(this.#bytes.subarray(0, this.#length), this.#contentType, whole);
  }
}

function grown(bytes: Buffer): Buffer {
  const larger = Buffer.allocUnsafe(MAX_RESPONSE_BODY_BYTES);
  bytes.copy(larger);
  return larger;
}
