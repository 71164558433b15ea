import type { ReceiverClient } from "./receiver-client.ts";

/** A connection for one attempt at a time. It is made at first use, and again after it broke. */
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
  /** How many endpoints may keep connections; beyond that, the least recently used ones are closed. */
  readonly maxPools: number;
  readonly createClient: (origin: string) => ReceiverClient;
}

/**
 * The connections of all endpoints. Each endpoint has its own, even if another has the same origin, so that stalled
 * requests to one never block the other. Nothing queues here, because waiting would use up the attempt's time.
 */
export class EndpointConnections {
  readonly #options: EndpointConnectionsOptions;
  /** In order of last use, because a map keeps the order of insertion. */
  readonly #pools = new Map<string, ConnectionPool>();

  constructor(options: EndpointConnectionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#pools.size;
  }

  /**
   * A connection for one attempt, to be returned by `release` or `discard`; null if the endpoint already uses its
   * maximum.
   */
  acquire(endpointId: number, origin: string, max: number): Connection | null {
    const key = `${endpointId} ${origin}`;
    const pool = this.#pools.get(key) ?? { key, idle: [], inUse: 0 };
    if (pool.inUse >= max) return null;
    const client = youngIdle(pool) ?? this.#options.createClient(origin);
    pool.inUse += 1;
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    this.#evict();
    return { client, pool };
  }

  /** Returns a connection that can be used again. */
  release({ client, pool }: Connection): void {
    pool.inUse -= 1;
    if (this.#pools.get(pool.key) === pool) pool.idle.push(client);
    else client.destroy();
    this.#evict();
  }

  /** Returns a connection that hangs while connecting, and ends it. */
  discard({ client, pool }: Connection): void {
    pool.inUse -= 1;
    client.destroy();
    this.#evict();
  }

  /** Ends every idle connection; those in use end when they are returned. */
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

/** The most recently used idle connection that is young enough: its socket is the most likely to be still open. */
function youngIdle(pool: ConnectionPool): ReceiverClient | null {
  for (let client = pool.idle.pop(); client !== undefined; client = pool.idle.pop()) {
    if (!client.isOutlived()) return client;
    client.destroy();
  }
  return null;
}
