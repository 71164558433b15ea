import type { buildConnector } from "undici";
import type { Clock } from "../../runtime/clock.ts";
import { Attempt } from "./attempt.ts";
import type { AnsweredResult, SendResult } from "./attempt-outcome.ts";
import { EndpointConnections } from "./endpoint-connections.ts";
import { createReceiverClient } from "./receiver-client.ts";
import { requestTarget } from "./request-target.ts";
import type { NameResolver } from "./targets/name-resolver.ts";
import type { TargetRules } from "./targets/target-rules.ts";
import { NO_STANDSTILLS } from "../../runtime/standstill.ts";
import type { Standstills } from "../../runtime/standstill.ts";
import { token } from "../../runtime/token.ts";

/** The token under which the container registers the sender. */
export const SENDER = token<Sender>("Sender");

/** One attempt to make. */
export interface SendRequest {
  readonly deliveryId: string;
  readonly endpointId: number;
  readonly url: string;
  /** Sent unchanged, in UTF-8. */
  readonly body: string;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
  /** Sent with the sender's own headers, of which they can replace `accept` alone. */
  readonly headers: Readonly<Record<string, string>>;
  /** The most concurrent attempts to this endpoint; one more is `not_sent`. Default: the sender's own. */
  readonly maxConnections?: number;
}

/** Carries a payload to its receiver. */
export interface Sender {
  /**
   * Makes one attempt: exactly one POST, or none. Never rejects and never repeats; `kind` says whether it counts. The
   * signal ends it at once, with what is known by then.
   */
  send(request: SendRequest, signal: AbortSignal): Promise<SendResult>;

  /**
   * Accepts no more attempts, waits for those under way (they end at their deadline, or by their signal), and closes
   * every connection.
   */
  close(): Promise<void>;
}

export interface UndiciSenderOptions {
  /** The time for a whole attempt, in milliseconds: lookup, connect, send, headers, body (DELIVERY_TIMEOUT_MS). */
  readonly timeoutMs: number;
  /** The default for a request's `maxConnections`. */
  readonly connectionsPerEndpoint: number;
  readonly rules: TargetRules;
  readonly resolver: NameResolver;
  /** The version of the product, for `User-Agent`. */
  readonly version: string;
  readonly clock: Clock;
  /** When the process stood still: a deadline that passed meanwhile says nothing about the receiver. Default: never. */
  readonly standstills?: Standstills;
  /** Options for connections, see ReceiverClientOptions. */
  readonly connect?: buildConnector.BuildOptions;
  /** How many endpoints keep idle connections. Default 256. */
  readonly maxPools?: number;
}

const DEFAULT_MAX_POOLS = 256;

/** Headers of the connection and the message, which extra headers must not override. */
const OWN_HEADERS = new Set([
  ...["host", "connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "te", "trailer", "content-length"],
  ...["content-type", "content-encoding", "user-agent", "accept-encoding"],
]);

/**
 * The sender over undici's clients. Each connection is its own client, so that an attempt can end one that is still
 * connecting.
 */
export class UndiciSender implements Sender {
  readonly #options: UndiciSenderOptions;
  readonly #connections: EndpointConnections;
  readonly #ownHeaders: readonly string[];
  readonly #underWay = new Set<Promise<SendResult>>();
  #closed = false;

  constructor(options: UndiciSenderOptions) {
    this.#options = options;
    const { timeoutMs, rules, resolver, clock, connect, maxPools = DEFAULT_MAX_POOLS } = options;
    const clientOptions = { timeoutMs, rules, resolver, clock, ...(connect !== undefined && { connect }) };
    this.#connections = new EndpointConnections({
      maxPools,
      createClient: (origin) => createReceiverClient(origin, clientOptions),
    });
    this.#ownHeaders = [
      ...["content-type", "application/json"],
      ...["user-agent", `webhook-gateway/${options.version}`],
      ...["accept-encoding", "identity"],
    ];
  }

  send(request: SendRequest, signal: AbortSignal): Promise<SendResult> {
    const result = this.#send(request, signal);
    this.#underWay.add(result);
    void result.then(() => this.#underWay.delete(result));
    return result;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#underWay);
    this.#connections.closeIdle();
  }

  #send(request: SendRequest, signal: AbortSignal): Promise<SendResult> {
    if (this.#closed || signal.aborted) return Promise.resolve({ kind: "not_sent", reason: "shutting down" });
    const target = URL.parse(request.url);
    // Judged on every attempt, because the rules may have changed since the registration.
    if (target === null || this.#options.rules.judgeUrl(request.url) !== "ok") return Promise.resolve(FORBIDDEN);
    const max = request.maxConnections ?? this.#options.connectionsPerEndpoint;
    const connection = this.#connections.acquire(request.endpointId, target.origin, max);
    if (connection === null) {
      return Promise.resolve({ kind: "not_sent", reason: "every connection of this endpoint is in use" });
    }
    return new Promise((resolve) => {
      new Attempt({
        clock: this.#options.clock,
        timeoutMs: this.#options.timeoutMs,
        standstills: this.#options.standstills ?? NO_STANDSTILLS,
        signal,
        secure: target.protocol === "https:",
        client: connection.client,
        request: {
          method: "POST",
          path: requestTarget(target, request.url),
          headers: this.#headersOf(request),
          body: request.body,
        },
        onResult: (result, reusable) => {
          if (reusable) this.#connections.release(connection);
          else this.#connections.discard(connection);
          resolve(result);
        },
      }).start();
    });
  }

  /** Alternating names and values, the cheapest form for the client. */
  #headersOf(request: SendRequest): string[] {
    const headers = [...this.#ownHeaders];
    let chosenAccept = false;
    for (const [name, value] of Object.entries(request.headers)) {
      const lower = name.toLowerCase();
      if (OWN_HEADERS.has(lower)) continue;
      headers.push(name, value);
      chosenAccept ||= lower === "accept";
    }
    if (!chosenAccept) headers.push("accept", "application/json");
    return headers;
  }
}

/** The result when the URL's text alone is forbidden. */
const FORBIDDEN: AnsweredResult = {
  kind: "answered",
  outcome: "failed",
  errorCode: "target_forbidden",
  responseStatus: null,
  responseBody: null,
  responseTruncated: false,
  retryAfter: null,
  durationMs: 0,
  connections: 1,
};
