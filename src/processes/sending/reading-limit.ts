import type { Socket } from "node:net";
import type { ConnectionWatch } from "./watched-connector.ts";

/**
 * How much a receiver may write for one request. Its head and what is read of its body fit many times; a flood of what
 * the HTTP client reads past without counting it (a reason, blanks, empty lines, the extension of a chunk) does not, and
 * would keep the processor busy and fill the memory until the deadline.
 */
export const MAX_ANSWER_BYTES = 256 * 1024;

/** Ends a connection whose receiver writes too much, or writes what is no TLS into it. */
export class ReadingLimit implements ConnectionWatch {
  #socket: Socket | null = null;
  #readBefore = 0;

  /** Begins to count for the next request. */
  renew(): void {
    this.#readBefore = this.#socket?.bytesRead ?? 0;
  }

  watch(socket: Socket): void {
    this.#socket = socket;
    this.#readBefore = 0;
    socket.on("readable", () => {
      if (socket.bytesRead - this.#readBefore > MAX_ANSWER_BYTES) socket.destroy(new Error("the receiver floods"));
    });
    // A TLS socket with an error stays open, and the HTTP client waits for its end.
    socket.on("error", (error) => socket.destroy(error));
  }
}
