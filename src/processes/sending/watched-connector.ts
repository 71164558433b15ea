import type { Socket } from "node:net";
import type { buildConnector } from "undici";

/** Looks at what comes over a connection, before the HTTP client does. One connection at a time. */
export interface ConnectionWatch {
  /** Begins again for the next request. */
  renew(): void;
  /** Watches a connection that was just made. */
  watch(socket: Socket): void;
}

/** Connects as the connector does, and shows each connection to the watches, in their order, before it is used. */
export function watchedConnector(
  connector: buildConnector.connector,
  watches: readonly ConnectionWatch[],
): buildConnector.connector {
  return (options, callback) => {
    connector(options, (...result) => {
      // Their listeners come before the HTTP client's own, which reads.
      if (result[0] === null) for (const each of watches) each.watch(result[1]);
      callback(...result);
    });
  };
}
