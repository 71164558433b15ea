import type { Endpoint, EndpointSecretRotated } from "../events/endpoint.ts";
import type { OwnersCommand } from "./handling/endpoint-command.ts";

/** How long the keys before a rotation continue to sign, at most and by default, in seconds. */
export const OVERLAP_SECONDS = { max: 7 * 24 * 60 * 60, default: 24 * 60 * 60 } as const;

export interface RotateEndpointSecret extends OwnersCommand {
  /** The new keys, sealed for this endpoint. */
  readonly sealedKeys: string;
  /** How long the earlier ones sign as well; 0: they end at once. */
  readonly overlapSeconds: number;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * Gives the endpoint new keys. Only the keys just before them go on to sign: when an earlier overlap still lasts, it ends,
 * since an owner may rotate again because keys got into wrong hands. A disabled endpoint has keys too.
 */
export function decideRotateEndpointSecret(
  { sealedKeys, overlapSeconds, now }: RotateEndpointSecret,
  { endpointId }: Endpoint,
): EndpointSecretRotated[] {
  const previousExpiresAt = new Date(Date.parse(now) + overlapSeconds * 1_000).toISOString();
  return [{ type: "EndpointSecretRotated", data: { endpointId, sealedKeys, previousExpiresAt, rotatedAt: now } }];
}
