import type { Socket } from "node:net";
import type { buildConnector } from "undici";

/** Watches the data of a connection before the HTTP client reads it. For one connection at a time. */
export interface ConnectionWatch {
  /** Watches a new connection. */
  watch(socket: Socket): void;
}

/** Connects like the given connector, and passes each connection to the watches, in order, before it is used. */
export function watchedConnector(
  connector: buildConnector.connector,
  watches: readonly ConnectionWatch[],
): buildConnector.connector {
  return (options, callback) => {
    connector(options, (...result) => {
      // Their listeners must come before the HTTP client's own, which reads.
      if (result[0] === null) for (const each of watches) each.watch(result[1]);
      callback(...result);
    });
  };
}
