import type { Socket } from "node:net";
import type { ConnectionWatch } from "./watched-connector.ts";

/** How the answer to an HTTP/1 request begins (RFC 9112 section 4). */
const BEGINNING = "HTTP/";

/**
 * Ends a connection whose receiver begins its answer with another protocol's status line: the HTTP client's parser also takes
 * those of RTSP and ICE, and would have a 200 of theirs for a success.
 */
export class AnswerProtocol implements ConnectionWatch {
  /** What is still to come of the beginning; empty when it was seen. */
  #expected = "";

  /** Begins to look at the next request's answer. */
  renew(): void {
    this.#expected = BEGINNING;
  }

  watch(socket: Socket): void {
    socket.on("readable", () => this.#look(socket));
  }

  #look(socket: Socket): void {
    if (this.#expected === "") return;
    const read: unknown = socket.read();
    if (!Buffer.isBuffer(read)) return;
    // Empty lines before an answer are passed over (RFC 9112 section 2.2), before its beginning and nowhere else.
    const text = read.toString("latin1", 0, 64);
    const start = this.#expected === BEGINNING ? text.replace(/^[\r\n]+/, "") : text;
    const part = start.slice(0, this.#expected.length);
    if (this.#expected.startsWith(part)) {
      this.#expected = this.#expected.slice(part.length);
      socket.unshift(read);
    } else socket.destroy(new Error("the receiver answers in another protocol"));
  }
}
