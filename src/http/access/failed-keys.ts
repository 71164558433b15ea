import type { FastifyRequest } from "fastify";
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
  readonly #networkOf: ClientNetwork;

  /** `perMinute` 0: no limit. */
  constructor(perMinute: number, clock: Clock, networkOf: ClientNetwork) {
    this.#networkOf = networkOf;
    this.#limit = perMinute === 0 ? null : new RateLimit(perMinute, WINDOW_MS, clock);
  }

  /**
   * Counts a wrong key for the request's address.
   *
   * @throws HttpError 429 when the address has used up its minute's limit
   */
  count(request: FastifyRequest): void {
    const waitMs = this.#limit?.take(this.#networkOf(request)) ?? 0;
    if (waitMs > 0) throw new HttpError("too_many_failed_keys", { headers: retryAfter(waitMs) });
  }

  /** Uncounts the key that was just counted: it is valid. */
  forgive(request: FastifyRequest): void {
    this.#limit?.giveBack(this.#networkOf(request));
  }
}
