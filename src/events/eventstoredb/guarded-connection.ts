import { Writable } from "node:stream";
import type { EventStoreDBClient } from "@eventstore/db-client";
import { status } from "./grpc-status.ts";
import { withinTime } from "./time-limit.ts";

type Callback = (error: Error | null, response?: unknown) => void;
type Append = (...args: unknown[]) => Writable;

/** What the client calls the server through, as far as it is needed here. */
interface GrpcClient {
  append?: Append;
  close(): void;
}

/**
 * Stands between the client and the connections that it makes. The only way in is the function by which the client gets
 * what it calls through, which its types keep to themselves.
 *
 * - The client closes its connection when a call was answered UNAVAILABLE. An append that it began in the same turn of the
 *   event loop then finds the closed connection, whose `append` throws inside an async promise executor: the promise of
 *   the client's append never settles, and the rejection that nobody handles ends the process. Here it fails.
 * - The client's `dispose` leaves the connection open, and calls that have no deadline on it.
 */
export class GuardedConnection {
  readonly #client: EventStoreDBClient;
  readonly #guarded = new WeakSet<GrpcClient>();
  #latest: GrpcClient | null = null;

  constructor(client: EventStoreDBClient) {
    this.#client = client;
    const getClient = Reflect.get(client, "getGRPCClient") as (...args: unknown[]) => Promise<GrpcClient>;
    Reflect.set(client, "getGRPCClient", async (...args: unknown[]) => this.#guard(await getClient(...args)));
  }

  /** Ends the calls of the client, for which it waits so many milliseconds at the most, and closes its connection. */
  async close(milliseconds: number): Promise<void> {
    const ended = withinTime(this.#client.dispose(), milliseconds, () => new Error("the calls do not end"));
    await ended.catch(() => undefined);
    this.#latest?.close();
  }

  #guard(grpcClient: GrpcClient): GrpcClient {
    this.#latest = grpcClient;
    if (grpcClient.append !== undefined && !this.#guarded.has(grpcClient)) {
      this.#guarded.add(grpcClient);
      grpcClient.append = guardedAppend(grpcClient.append.bind(grpcClient));
    }
    return grpcClient;
  }
}

/** The call, whose throwing becomes an answer; nothing was sent then. */
function guardedAppend(append: Append): Append {
  return (...args) => {
    try {
      return append(...args);
    } catch (error) {
      const callback = args.at(-1) as Callback;
      const details = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => callback(Object.assign(new Error(details), { code: status.unavailable, details })));
      return new Writable({ objectMode: true, write: (_message, _encoding, taken) => taken() });
    }
  };
}
