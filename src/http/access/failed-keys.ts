import type { FastifyRequest } from "fastify";
import { clientNetwork } from "../../net/client-address.ts";
import type { Clock } from "../../runtime/clock.ts";
import { HttpError } from "../errors.ts";
import { retryAfter } from "../replies/retry-after.ts";
import { RateLimit } from "./rate-limit.ts";

const WINDOW_MS = 60_000;

/**
 * Counts the wrong API keys that come from each client address, so that no client can try many, or keep the gateway busy with
 * them. A known key is never counted or refused: many clients may share one address.
 */
export class FailedKeys {
  readonly #limit: RateLimit<string> | null;

  /** `perMinute` 0: any number. */
  constructor(perMinute: number, clock: Clock) {
    this.#limit = perMinute === 0 ? null : new RateLimit(perMinute, WINDOW_MS, clock);
  }

  /**
   * Counts one for the address that the request comes from.
   *
   * @throws HttpError 429 when it has had all of its minute's
   */
  count(request: FastifyRequest): void {
    const waitMs = this.#limit?.take(clientNetwork(request)) ?? 0;
    if (waitMs > 0) throw new HttpError("too_many_failed_keys", { headers: retryAfter(waitMs) });
  }

  /** The one that was just counted turned out to be none. */
  forgive(request: FastifyRequest): void {
    this.#limit?.giveBack(clientNetwork(request));
  }
}
