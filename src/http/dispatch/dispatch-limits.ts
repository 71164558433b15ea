import type { onRequestHookHandler } from "fastify";
import type { Clock } from "../../runtime/clock.ts";
import { userOf } from "../access/authentication.ts";
import { RateLimit } from "../access/rate-limit.ts";
import type { DispatchLimits } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { retryAfter } from "../replies/retry-after.ts";
import { Backlogs } from "./backlogs.ts";

const WINDOW_MS = 1_000;
/** When to try again with a full backlog, in ms: deliveries end all the time, so no exact time can be given. */
const BACKLOG_WAIT_MS = 5_000;

/**
 * Hooks that refuse a dispatch before its body is read: 429 for a user who sends too many per second, or has too many
 * deliveries that have not ended. They run after `requireUser`; a limit that is off has no hook.
 *
 * @param pendingOf returns how many deliveries of a user have not ended
 */
export function limitDispatches(
  { dispatchesPerSecond, maxPendingPerUser }: DispatchLimits,
  pendingOf: (userId: number) => Promise<number>,
  clock: Clock,
): onRequestHookHandler[] {
  const hooks: onRequestHookHandler[] = [];
  if (dispatchesPerSecond > 0) {
    const rate = new RateLimit<number>(dispatchesPerSecond, WINDOW_MS, clock);
    const errors = [`at most ${dispatchesPerSecond} dispatches a second are taken`];
    hooks.push((request, _reply, done) => {
      const waitMs = rate.take(userOf(request).user_id);
      done(waitMs > 0 ? new HttpError("too_many_dispatches", { errors, headers: retryAfter(waitMs) }) : undefined);
    });
  }
  if (maxPendingPerUser > 0) {
    const backlogs = new Backlogs(maxPendingPerUser, pendingOf, clock);
    const errors = [`at most ${maxPendingPerUser} deliveries may be pending`];
    hooks.push((request, _reply, done) => {
      const full = backlogs.isFull(userOf(request).user_id);
      done(full ? new HttpError("backlog_full", { errors, headers: retryAfter(BACKLOG_WAIT_MS) }) : undefined);
    });
  }
  return hooks;
}
