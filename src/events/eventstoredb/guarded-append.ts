import { Writable } from "node:stream";
import type { EventStoreDBClient } from "@eventstore/db-client";
import { status } from "./grpc-status.ts";

type Callback = (error: Error | null, response?: unknown) => void;
type Append = (...args: unknown[]) => Writable;
type GrpcClientGetter = (...args: unknown[]) => Promise<object>;

/**
 * Makes an append fail that meets a connection which the client has just given up.
 *
 * The client closes its connection when a call was answered UNAVAILABLE. An append that it began in the same turn of the
 * event loop then finds the closed connection, whose `append` throws inside an async promise executor: the promise of the
 * client's append never settles, and the rejection that nobody handles ends the process. The client has no way in for
 * this but the function that gives it its connection, which its types keep to itself.
 */
export function guardAppends(client: EventStoreDBClient): void {
  const getClient = Reflect.get(client, "getGRPCClient") as GrpcClientGetter;
  const guarded = new WeakSet<object>();
  Reflect.set(client, "getGRPCClient", async (...args: unknown[]) => {
    const grpcClient = await getClient(...args);
    const append: unknown = Reflect.get(grpcClient, "append");
    if (typeof append === "function" && !guarded.has(grpcClient)) {
      guarded.add(grpcClient);
      Reflect.set(grpcClient, "append", guardedAppend(append.bind(grpcClient) as Append));
    }
    return grpcClient;
  });
}

/** The call, whose throwing becomes an answer; nothing was sent then. */
function guardedAppend(append: Append): Append {
  return (...args) => {
    try {
      return append(...args);
    } catch (error) {
      const callback = args.at(-1) as Callback;
      const reason = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => callback(Object.assign(new Error(reason), { code: status.unavailable, details: reason })));
      return new Writable({ objectMode: true, write: (_message, _encoding, taken) => taken() });
    }
  };
}
