import type { Endpoint, EndpointDisabled, EndpointFailing } from "../events/endpoint.ts";
import { decideDisableEndpoint } from "./disable-endpoint.ts";

/** When failing is sustained: by number and by time, both. */
export interface FailingPolicy {
  /** Attempts that failed in a row. */
  readonly attempts: number;
  /** For how long, in ms, before its owner is warned, and before it is disabled. */
  readonly warnAfterMs: number;
  readonly disableAfterMs: number;
}

/** How an endpoint has been doing since its last success. */
export interface FailingStreak {
  readonly failures: number;
  /** When the first of them ended; ISO 8601 UTC. */
  readonly since: string;
  /** From when its time counts, not before `since`; ISO 8601 UTC. Later when attempts were paused meanwhile. */
  readonly countedFrom: string;
}

export interface WarnOfFailing {
  readonly endpointId: number;
  readonly streak: FailingStreak;
  readonly policy: FailingPolicy;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * What is to be said of an endpoint whose every attempt fails: a warning, once, and when it goes on, that it is disabled.
 */
export function decideWarnOfFailing(
  { endpointId, streak: { failures, since, countedFrom }, policy, now }: WarnOfFailing,
  endpoint: Endpoint,
): (EndpointFailing | EndpointDisabled)[] {
  const lastsMs = Date.parse(now) - Date.parse(countedFrom);
  if (endpoint.status !== "enabled" || failures < policy.attempts || lastsMs < policy.warnAfterMs) return [];
  const warning: EndpointFailing[] =
    endpoint.warnedAt === null
      ? [{ type: "EndpointFailing", data: { endpointId, failures, failingSince: since, warnedAt: now } }]
      : [];
  if (lastsMs < policy.disableAfterMs) return warning;
  return [...warning, ...decideDisableEndpoint({ endpointId, reason: "failing", now }, endpoint)];
}
