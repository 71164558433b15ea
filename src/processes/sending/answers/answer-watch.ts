import type { Socket } from "node:net";
import type { ConnectionWatch } from "../watched-connector.ts";
import { AnswerHead } from "./answer-head.ts";
import type { StatusListener } from "./answer-head.ts";

/**
 * Reads the heads of a connection's answers before the HTTP client does, so that a final status is known whatever comes
 * behind it. Also ends a connection whose receiver speaks another protocol: the client's parser takes RTSP and ICE too,
 * and would take their 200 for a success.
 */
export class AnswerWatch implements ConnectionWatch {
  /** The head that is awaited or being read; null: what comes is the client's, a body or what nobody asked for. */
  #head: AnswerHead | null = null;
  /** The latest one, still when it has ended. */
  #latest: AnswerHead | null = null;
  #requests = 0;
  #hasBegun = false;

  /**
   * Awaits the answer to a request that is about to be written. Not earlier: what comes before is no answer to it, and
   * the client ends the connection for it.
   */
  awaitAnswer(listener: StatusListener): void {
    this.#head = new AnswerHead(listener);
    this.#latest = this.#head;
    this.#requests += 1;
    this.#hasBegun = false;
  }

  /** `Retry-After` of the latest answer, as far as its head has come; null without one, or with several. */
  get retryAfter(): string | null {
    return this.#latest?.retryAfter ?? null;
  }

  /** Whether the connection has served an earlier request, and no byte of the answer to the latest one has come. */
  get isUnansweredReuse(): boolean {
    return this.#requests > 1 && !this.#hasBegun;
  }

  watch(socket: Socket): void {
    this.#head = null;
    this.#requests = 0;
    socket.on("readable", () => this.#read(socket));
  }

  #read(socket: Socket): void {
    if (this.#head === null) return;
    const bytes: unknown = socket.read();
    if (!Buffer.isBuffer(bytes)) return;
    this.#hasBegun = true;
    const taken = this.#head.take(bytes);
    if (taken === "more" || socket.destroyed) return;
    this.#head = null;
    if (taken === "foreign") socket.destroy(new Error("the receiver answers in another protocol"));
    else socket.unshift(taken);
  }
}
