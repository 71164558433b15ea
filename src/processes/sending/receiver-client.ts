import { Client } from "undici";
import type { buildConnector, Dispatcher } from "undici";
import { AnswerProtocol } from "./answer-protocol.ts";
import { ReadingLimit } from "./reading-limit.ts";
import type { NameResolver } from "./targets/name-resolver.ts";
import { guardedConnector } from "./targets/target-guard.ts";
import type { TargetRules } from "./targets/target-rules.ts";
import { watchedConnector } from "./watched-connector.ts";

/** How connections to receivers are configured, in one place. */
export interface ReceiverClientOptions {
  /** How long connecting and the TLS handshake may take, in milliseconds: no longer than the whole attempt. */
  readonly timeoutMs: number;
  /** Judges the address of each connection. */
  readonly rules: Pick<TargetRules, "judgeAddress">;
  readonly resolver: NameResolver;
  /** Options for `net.connect` and `tls.connect`, such as `ca`. They cannot weaken the settings made here. */
  readonly connect?: buildConnector.BuildOptions;
}

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * A backstop beyond ResponseBody, which stops at 16 KiB. One read of a socket gives up to 64 KiB, and a chunk that
 * exceeds this limit is dropped whole, so a lower limit would lose the beginning of a long body.
 */
const MAX_RESPONSE_BYTES = (16 + 64) * 1024;

/**
 * How long an idle socket is kept, in milliseconds, even if the receiver offers more: idle sockets use file handles.
 */
const IDLE_SOCKET_MS = 4000;

/** An HTTP client with a single connection to one origin. */
export interface ReceiverClient {
  readonly dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void;
  /** Ends the connection at once, even while connecting, and fails the request that waits for it. */
  readonly destroy: () => void;
}

/**
 * Creates a client that follows no redirects, never repeats a POST that it has written, decompresses nothing and uses
 * no proxy.
 */
export function createReceiverClient(
  origin: string,
  { timeoutMs, rules, resolver, connect }: ReceiverClientOptions,
): ReceiverClient {
  // Without this, a lookup or a connecting socket outlives its client until it times out.
  const ended = new AbortController();
  const watches = [new AnswerProtocol(), new ReadingLimit()];
  const client = new Client(origin, {
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    // Not these idle timers, which a drip of bytes never lets fire: the attempt has its own deadline.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxResponseSize: MAX_RESPONSE_BYTES,
    connect: watchedConnector(
      guardedConnector({
        rules,
        resolver,
        signal: ended.signal,
        connect: {
          ...connect,
          // Set explicitly, or the environment decides (NODE_TLS_REJECT_UNAUTHORIZED and the like).
          rejectUnauthorized: true,
          minVersion: "TLSv1.2",
          allowH2: false,
          timeout: timeoutMs,
        },
      }),
      watches,
    ),
  });
  return {
    dispatch(request, handler) {
      for (const watch of watches) watch.renew();
      void client.dispatch(request, handler);
    },
    destroy() {
      // This cannot fail: the request under way gets the error through its handler.
      void client.destroy();
      ended.abort();
    },
  };
}
