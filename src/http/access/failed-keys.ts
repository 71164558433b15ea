import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { ClientNetwork } from "../../net/client-address.ts";
import type { Clock } from "../../runtime/clock.ts";
import { HttpError } from "../errors.ts";
import { retryAfter } from "../replies/retry-after.ts";
import { RateLimit } from "./rate-limit.ts";

const WINDOW_MS = 60_000;

/**
 * Counts wrong API keys per client address, so that no client can try many or keep the gateway busy with them. A known
 * key is never counted or refused, because many clients may share an address.
 */
export class FailedKeys {
  readonly #limit: RateLimit<string> | null;
  /** Allows one line about each address in a minute. */
  readonly #lines: RateLimit<string>;
  readonly #logger: FastifyBaseLogger;
  readonly #perMinute: number;
  readonly #networkOf: ClientNetwork;

  /** `perMinute` 0: no limit. */
  constructor(perMinute: number, clock: Clock, networkOf: ClientNetwork, logger: FastifyBaseLogger) {
    this.#networkOf = networkOf;
    this.#logger = logger;
    this.#perMinute = perMinute;
    this.#lines = new RateLimit(1, WINDOW_MS, clock);
    this.#limit = perMinute === 0 ? null : new RateLimit(perMinute, WINDOW_MS, clock);
  }

  /**
   * Counts a wrong key for the request's address. The first one beyond the limit has a line of the log, once a minute
   * and address.
   *
   * @throws HttpError 429 when the address has used up its minute's limit
   */
  count(request: FastifyRequest): void {
    const address = this.#networkOf(request);
    const waitMs = this.#limit?.take(address) ?? 0;
    if (waitMs === 0) return;
    if (this.#lines.take(address) === 0) {
      this.#logger.warn({ address, limit: this.#perMinute }, "an address sends wrong API keys");
    }
    throw new HttpError("too_many_failed_keys", { headers: retryAfter(waitMs) });
  }

  /** Uncounts the key that was just counted: it is valid. */
  forgive(request: FastifyRequest): void {
    this.#limit?.giveBack(this.#networkOf(request));
  }
}
