import { Client } from "undici";
import type { buildConnector, Dispatcher } from "undici";
import type { Clock } from "../../runtime/clock.ts";
import type { StatusListener } from "./answers/answer-head.ts";
import { AnswerWatch } from "./answers/answer-watch.ts";
import { ReadingLimit } from "./answers/reading-limit.ts";
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
  readonly clock: Pick<Clock, "monotonic">;
  /** Options for `net.connect` and `tls.connect`, such as `ca`. They cannot weaken the settings made here. */
  readonly connect?: buildConnector.BuildOptions;
}

/**
 * A backstop beyond ResponseBody, which stops at 16 KiB. One read of a socket gives up to 64 KiB, and a chunk that
 * exceeds this limit is dropped whole, so a lower limit would lose the beginning of a long body.
 */
const MAX_RESPONSE_BYTES = (16 + 64) * 1024;

/**
 * How long an idle socket is kept, in milliseconds, even if the receiver offers more: idle sockets use file handles.
 */
const IDLE_SOCKET_MS = 4000;

/**
 * How long a connection is used after it began to be made, in ms. A name may get another address at any time (a switch
 * from blue to green), and only a new connection looks it up: ten seconds later nothing is sent to the old one
 * (docs/operations/retries.md), which leaves two for a lookup.
 */
export const CONNECTION_LIFE_MS = 8000;

/** An HTTP client with a single connection to one origin. */
export interface ReceiverClient {
  readonly dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void;
  /** Tells the listener of the statuses of the next answer. The handler calls it when its request starts. */
  readonly awaitAnswer: (listener: StatusListener) => void;
  /** Whether the connection is made, or was until it broke: no longer being made, and not yet made anew. */
  readonly isConnected: () => boolean;
  /** `Retry-After` of the latest answer, as far as its head has come; null without one, or with several. */
  readonly retryAfter: () => string | null;
  /** Whether the connection has served an earlier request, and no byte of the answer to the latest one has come. */
  readonly isUnansweredReuse: () => boolean;
  /** Whether the connection is so old that its receiver's name may lead elsewhere by now. */
  readonly isOutlived: () => boolean;
  /** Ends the connection at once, even while connecting, and fails the request that waits for it. */
  readonly destroy: () => void;
}

/**
 * Creates a client that follows no redirects, repeats no POST that it has written, decompresses nothing and uses no
 * proxy.
 */
export function createReceiverClient(
  origin: string,
  { timeoutMs, rules, resolver, clock, connect }: ReceiverClientOptions,
): ReceiverClient {
  // Without this, a lookup or a connecting socket outlives its client until it times out.
  const ended = new AbortController();
  const answers = new AnswerWatch();
  const limit = new ReadingLimit();
  const connector = watchedConnector(
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
    [answers, limit],
  );
  let madeAt = clock.monotonic();
  let isConnected = false;
  const client = new Client(origin, {
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    // Not these idle timers, which a drip of bytes never lets fire: the attempt has its own deadline.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_SOCKET_MS,
    keepAliveMaxTimeout: IDLE_SOCKET_MS,
    maxResponseSize: MAX_RESPONSE_BYTES,
    connect(options, callback) {
      madeAt = clock.monotonic();
      isConnected = false;
      connector(options, (...result) => {
        isConnected = result[0] === null;
        callback(...result);
      });
    },
  });
  return {
    dispatch(request, handler) {
      void client.dispatch(request, handler);
    },
    awaitAnswer(listener) {
      answers.awaitAnswer(listener);
      limit.renew();
    },
    isConnected: () => isConnected,
    retryAfter: () => answers.retryAfter,
    isUnansweredReuse: () => answers.isUnansweredReuse,
    isOutlived: () => clock.monotonic() - madeAt >= CONNECTION_LIFE_MS,
    destroy() {
      // This cannot fail: the request under way gets the error through its handler.
      void client.destroy();
      ended.abort();
    },
  };
}
