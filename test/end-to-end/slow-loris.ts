import { connect } from "node:net";
import type { Socket } from "node:net";

/** How often each connection sends a byte or a line more, in ms. */
const DRIP_MS = 500;

/** What a slow client sends: a beginning at once, and then the same again and again. */
export interface Drip {
  readonly beginning: string;
  readonly drop: string;
}

/** Heads that never end. */
export const DRIPPING_HEADS: Drip = { beginning: "GET /v1/ping HTTP/1.1\r\nHost: x\r\n", drop: "X-Drip: 1\r\n" };

/** Bodies that are said to be the largest that are taken, with this user's key. */
export function drippingBodies(apiKey: string): Drip {
  const head = ["POST /v1/dispatch HTTP/1.1", "Host: x", `X-API-Key: ${apiKey}`, "Content-Type: application/json"];
  return { beginning: `${head.join("\r\n")}\r\nContent-Length: 327680\r\n\r\n{`, drop: " " };
}

/** Many connections that each send a little now and then, and come again as soon as the server has closed them. */
export class SlowLoris implements Disposable {
  readonly #sockets = new Set<Socket>();
  readonly #port: number;
  readonly #drip: Drip;
  readonly #timer: NodeJS.Timeout;
  #ended = false;
  /** How many connections were made so far, and how many the server has closed. */
  readonly count = { made: 0, closed: 0 };

  constructor(address: string, connections: number, drip: Drip) {
    this.#port = Number(new URL(address).port);
    this.#drip = drip;
    for (let n = 0; n < connections; n += 1) this.#connect();
    this.#timer = setInterval(() => {
      for (const socket of this.#sockets) socket.write(drip.drop);
    }, DRIP_MS);
  }

  /** How many are connected and have sent their beginning. */
  get connected(): number {
    return [...this.#sockets].filter((socket) => socket.bytesWritten > 0 && !socket.connecting).length;
  }

  #connect(): void {
    const socket = connect(this.#port, "127.0.0.1");
    this.#sockets.add(socket);
    this.count.made += 1;
    socket.write(this.#drip.beginning);
    // What the server answers is of no interest, and neither is how it ends.
    socket.resume().on("error", () => undefined);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.count.closed += 1;
      if (!this.#ended) setTimeout(() => this.#ended || this.#connect(), DRIP_MS);
    });
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
  }
}
