import type { Socket } from "node:net";
import type { ConnectionWatch } from "./watched-connector.ts";

/** The start of an answer to an HTTP/1 request (RFC 9112 section 4). */
const BEGINNING = "HTTP/";

/**
 * Ends a connection whose receiver answers with another protocol's status line: the HTTP client's parser also accepts
 * RTSP and ICE, and would take their 200 for a success.
 */
export class AnswerProtocol implements ConnectionWatch {
  /** The rest of the expected beginning; empty once it was seen. */
  #expected = "";

  /** Starts to check the next request's answer. */
  renew(): void {
    this.#expected = BEGINNING;
  }

  watch(socket: Socket): void {
    socket.on("readable", () => this.#check(socket));
  }

  #check(socket: Socket): void {
    if (this.#expected === "") return;
    const read: unknown = socket.read();
    if (!Buffer.isBuffer(read)) return;
    // Empty lines are skipped before an answer begins (RFC 9112 section 2.2), and nowhere else.
    const text = read.toString("latin1", 0, 64);
    const start = this.#expected === BEGINNING ? text.replace(/^[\r\n]+/, "") : text;
    const part = start.slice(0, this.#expected.length);
    if (this.#expected.startsWith(part)) {
      this.#expected = this.#expected.slice(part.length);
      socket.unshift(read);
    } else socket.destroy(new Error("the receiver answers in another protocol"));
  }
}
