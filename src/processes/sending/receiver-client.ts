import { Client } from "undici";
import type { buildConnector, Dispatcher } from "undici";
import { AnswerProtocol } from "./answer-protocol.ts";
import { ReadingLimit } from "./reading-limit.ts";
import type { NameResolver } from "./targets/name-resolver.ts";
import { guardedConnector } from "./targets/target-guard.ts";
import type { TargetRules } from "./targets/target-rules.ts";
import { watchedConnector } from "./watched-connector.ts";

/** The one place where connections to receivers are configured. */
export interface ReceiverClientOptions {
  /** How long connecting and the TLS handshake may take, in milliseconds: no longer than the whole attempt. */
  readonly timeoutMs: number;
  /** Judge the address of the very connection. */
  readonly rules: Pick<TargetRules, "judgeAddress">;
  readonly resolver: NameResolver;
  /** What is passed to `net.connect` and `tls.connect`, such as `ca`. It cannot weaken what is set here. */
  readonly connect?: buildConnector.BuildOptions;
}

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * A backstop behind ResponseBody, which stops at 16 KiB by itself. One read of a socket gives up to 64 KiB, and a piece
 * that goes over this limit is thrown away whole, so that with less the beginning of a long body would be lost.
 */
const MAX_RESPONSE_BYTES = (16 + 64) * 1024;

/** An idle socket is kept this long, in milliseconds, even when the receiver offers more: idle ones cost file handles. */
const IDLE_SOCKET_MS = 4000;

/** An HTTP client with a single connection to one origin. */
export interface ReceiverClient {
  readonly dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void;
  /** Ends the connection at once, also one that is still being made, and fails the request that waits for it. */
  readonly destroy: () => void;
}

/**
 * The client never follows a redirect, never repeats a POST that it has written, inflates nothing and uses no proxy.
 */
export function createReceiverClient(
  origin: string,
  { timeoutMs, rules, resolver, connect }: ReceiverClientOptions,
): ReceiverClient {
  // Without it, a look-up or a socket that is still connecting outlives its client until its own time is over.
  const ended = new AbortController();
  const watches = [new AnswerProtocol(), new ReadingLimit()];
  const client = new Client(origin, {
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    // Idle timers: a drip of bytes never lets them fire. The attempt has a deadline of its own.
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
          // Both are explicit, since the environment (NODE_TLS_REJECT_UNAUTHORIZED and the like) decides otherwise.
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
      // It does not fail: what is under way hears of the end through the handler of its request.
      void client.destroy();
      ended.abort();
    },
  };
}
