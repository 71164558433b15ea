import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ClientNetwork } from "../../net/client-address.ts";
import type { Clock } from "../../runtime/clock.ts";
import { unavailable } from "./error-handler.ts";

/** How long a body may take to arrive before it must make room for others of the same client, in ms. */
const PATIENCE_MS = 1_000;

interface Share {
  readonly request: FastifyRequest;
  readonly bytes: number;
  /** By the monotonic clock, in ms. */
  readonly since: number;
}

/** What tells the clients without a key, and the time. */
interface Clients {
  readonly clientNetwork: ClientNetwork;
  readonly clock: Clock;
}

/** A client's bodies under way, in the order in which they came. */
interface Client {
  readonly shares: Set<Share>;
  bytes: number;
}

/**
 * Bounds the total memory of request bodies, whatever the number of connections. A request whose body would exceed the
 * budget is answered 503 before that body is read. A body without a length counts as the largest, and a request counts
 * only after it has passed every other check.
 *
 * A body counts with its announced length, so a client that announces much and sends slowly could keep everyone out.
 * When there is no room, incomplete bodies are therefore ended with 503, the oldest first: those of the client that has
 * the most under way, while that is more than the requesting client would have; then the requesting client's own that
 * are a second old.
 */
export function limitBodiesUnderWay(app: FastifyInstance, budgetBytes: number, deps: Clients): void {
  const largest = app.initialConfig.bodyLimit ?? budgetBytes;
  const budget = new BodyBudget(budgetBytes, deps);
  app.addHook("preParsing", (request: FastifyRequest, reply: FastifyReply, payload, done) => {
    const bytes = announcedBytes(request, largest);
    if (bytes === 0) {
      done(null, payload);
      return;
    }
    const release = budget.take(request, bytes);
    if (release === null) {
      done(unavailable("too many request bodies are under way"));
      return;
    }
    // Emitted once per response, even when the client hung up before it.
    reply.raw.once("close", release);
    done(null, payload);
  });
}

class BodyBudget {
  readonly #clients = new Map<string | number, Client>();
  readonly #budgetBytes: number;
  readonly #clock: Clock;
  readonly #networkOf: ClientNetwork;
  #underWay = 0;

  constructor(budgetBytes: number, { clock, clientNetwork }: Clients) {
    this.#budgetBytes = budgetBytes;
    this.#clock = clock;
    this.#networkOf = clientNetwork;
  }

  /** Returns the function that releases the share, or null if there is no room. */
  take(request: FastifyRequest, bytes: number): (() => void) | null {
    const name = request.user?.user_id ?? this.#networkOf(request);
    const client = this.#clients.get(name) ?? { shares: new Set(), bytes: 0 };
    if (this.#underWay + bytes > this.#budgetBytes) this.#makeRoom(client, bytes);
    if (this.#underWay + bytes > this.#budgetBytes) return null;
    const share = { request, bytes, since: this.#clock.monotonic() };
    client.shares.add(share);
    client.bytes += bytes;
    this.#underWay += bytes;
    this.#clients.set(name, client);
    return () => {
      this.#release(client, share);
      if (client.shares.size === 0 && this.#clients.get(name) === client) this.#clients.delete(name);
    };
  }

  #makeRoom(asking: Client, bytes: number): void {
    let richest = asking;
    for (const client of this.#clients.values()) if (client.bytes > richest.bytes) richest = client;
    this.#cutOff(richest, bytes, () => richest.bytes > asking.bytes + bytes);
    const latest = this.#clock.monotonic() - PATIENCE_MS;
    this.#cutOff(asking, bytes, ({ since }) => since <= latest);
  }

  /** Complete bodies are being handled; their replies release them. */
  #cutOff(client: Client, needed: number, mayBeCutOff: (share: Share) => boolean): void {
    for (const share of client.shares) {
      if (this.#underWay + needed <= this.#budgetBytes || !mayBeCutOff(share)) return;
      const { raw } = share.request;
      if (raw.complete) continue;
      this.#release(client, share);
      // Fastify listens while it reads the body; it drops what it has and answers. A body without a reader was refused.
      if (raw.listenerCount("error") > 0) raw.emit("error", unavailable("a slow body gave way to another"));
    }
  }

  #release(client: Client, share: Share): void {
    if (!client.shares.delete(share)) return;
    client.bytes -= share.bytes;
    this.#underWay -= share.bytes;
  }
}

function announcedBytes({ headers }: FastifyRequest, largest: number): number {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding === undefined ? Math.min(Number(length ?? 0), largest) : largest;
}
