import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { HttpError } from "../errors.ts";
import { unavailable } from "../server/error-handler.ts";

/** The most followers at a time: each holds a reader of the log and a connection for as long as it likes. */
const MAX_FOLLOWERS = 8;
const RETRY_AFTER_SECONDS = "10";

/** The followers of the log over HTTP. They leave by themselves, or when the server closes, which waits for none. */
export class LogFollowers {
  readonly #open = new Map<ServerResponse, AbortController>();
  #closed = false;

  readonly #changed: (count: number) => void;

  /** `changed` is told how many there are, each time that one joins or leaves. */
  constructor(app: FastifyInstance, changed: (count: number) => void) {
    this.#changed = changed;
    app.addHook("preClose", (done) => {
      this.#closeAll();
      done();
    });
  }

  /**
   * Adds a follower, until its connection closes. It must end when its client closes the sending side, since a client
   * that has gone does that, and would otherwise keep its place.
   *
   * @returns a controller that is aborted when it must end
   * @throws HttpError 503 when there are too many, or the server is closing
   */
  join(response: ServerResponse): AbortController {
    if (this.#closed) throw unavailable();
    if (this.#open.size >= MAX_FOLLOWERS) {
      const errors = [
        `the log has ${MAX_FOLLOWERS} followers already: wait until one leaves, or read it without follow`,
      ];
      throw new HttpError("unavailable", { errors, headers: { "retry-after": RETRY_AFTER_SECONDS } });
    }
    const ending = new AbortController();
    // If the client left while the log's head was read, no close event follows.
    const { socket } = response.req;
    if (response.destroyed || socket.readableEnded) {
      ending.abort();
      return ending;
    }
    this.#open.set(response, ending);
    this.#changed(this.#open.size);
    const end = (): void => ending.abort();
    socket.once("end", end);
    response.once("close", () => {
      socket.off("end", end);
      this.#open.delete(response);
      this.#changed(this.#open.size);
      end();
    });
    return ending;
  }

  #closeAll(): void {
    this.#closed = true;
    for (const [response, ending] of this.#open) {
      ending.abort();
      // Closing would wait for the unsent data, perhaps for ever. It is in the log anyway.
      if (response.writableLength > 0) response.destroy();
    }
  }
}
