import type { ReceiverClient } from "./receiver-client.ts";

/** One connection (made when it is first used, and again when it broke), in use by one attempt. */
export interface Connection {
  readonly client: ReceiverClient;
  readonly pool: ConnectionPool;
}

/** The connections of one endpoint to one origin. */
export interface ConnectionPool {
  readonly key: string;
  readonly idle: ReceiverClient[];
  inUse: number;
}

export interface EndpointConnectionsOptions {
  /** How many endpoints may keep their connections; beyond it, those unused for the longest time are closed. */
  readonly maxPools: number;
  readonly createClient: (origin: string) => ReceiverClient;
}

/**
 * The connections of all endpoints. An endpoint has its own even where another has the same origin, so that the stalled
 * requests of one never take the place of the other's. Nothing queues here: it would queue at the cost of a deadline.
 */
export class EndpointConnections {
  readonly #options: EndpointConnectionsOptions;
  /** In the order of last use, since a map keeps the order of insertion. */
  readonly #pools = new Map<string, ConnectionPool>();

  constructor(options: EndpointConnectionsOptions) {
    this.#options = options;
  }

  /** How many pools there are. */
  get size(): number {
    return this.#pools.size;
  }

  /**
   * A connection for one attempt, to be given back by `release` or `discard`; null when the endpoint has as many in use as
   * it may have.
   */
  acquire(endpointId: number, origin: string, max: number): Connection | null {
    const key = `${endpointId} ${origin}`;
    const pool = this.#pools.get(key) ?? { key, idle: [], inUse: 0 };
    if (pool.inUse >= max) return null;
    // The one used last: its socket is the most likely to be open still.
    const client = pool.idle.pop() ?? this.#options.createClient(origin);
    pool.inUse += 1;
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    this.#evict();
    return { client, pool };
  }

  /** Gives back a connection that can be used again. */
  release({ client, pool }: Connection): void {
    pool.inUse -= 1;
    if (this.#pools.get(pool.key) === pool) pool.idle.push(client);
    else client.destroy();
    this.#evict();
  }

  /** Gives back a connection that hangs while it is being made, and ends it. */
  discard({ client, pool }: Connection): void {
    pool.inUse -= 1;
    client.destroy();
    this.#evict();
  }

  /** Ends every idle connection; those in use end when they are given back. */
  closeIdle(): void {
    for (const pool of this.#pools.values()) this.#drop(pool);
  }

  /** A pool in use stays, so there may be more pools than allowed, but never more than attempts under way. */
  #evict(): void {
    if (this.#pools.size <= this.#options.maxPools) return;
    for (const pool of this.#pools.values()) {
      if (pool.inUse > 0) continue;
      this.#drop(pool);
      if (this.#pools.size <= this.#options.maxPools) return;
    }
  }

  #drop(pool: ConnectionPool): void {
    this.#pools.delete(pool.key);
    for (const client of pool.idle.splice(0)) client.destroy();
  }
}
