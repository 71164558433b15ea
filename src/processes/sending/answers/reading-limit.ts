import type { Socket } from "node:net";
import type { ConnectionWatch } from "../watched-connector.ts";

/**
 * How much a receiver may write for one request, in bytes. Its head and the part of its body that is read fit many
 * times. A flood of parts that the HTTP client skips without counting (a reason, blanks, empty lines, chunk extensions)
 * does not, and would otherwise keep the processor busy and fill the memory until the deadline.
 */
export const MAX_ANSWER_BYTES = 256 * 1024;

/** Ends a connection whose receiver writes too much, or writes invalid TLS. */
export class ReadingLimit implements ConnectionWatch {
  #socket: Socket | null = null;
  #readBefore = 0;

  /** Starts to count for a request that is about to be written. */
  renew(): void {
    this.#readBefore = this.#socket?.bytesRead ?? 0;
  }

  watch(socket: Socket): void {
    this.#socket = socket;
    this.#readBefore = 0;
    socket.on("readable", () => {
      if (socket.bytesRead - this.#readBefore > MAX_ANSWER_BYTES) socket.destroy(new Error("the receiver floods"));
    });
    // A TLS socket with an error stays open, and the HTTP client would wait for its end.
    socket.on("error", (error) => socket.destroy(error));
  }
}
