import type { EndpointDocument } from "../../../projections/endpoints.ts";
import type { EndpointVault } from "./endpoint-vault.ts";
import { signatureHeaders } from "./signature.ts";

/** What the headers of an attempt depend on. */
export interface SignedAttempt {
  readonly deliveryId: string;
  /** When the attempt was claimed, ISO 8601 UTC. */
  readonly startedAt: string;
  /** As it is sent. */
  readonly body: string;
}

/** What the attempts to an endpoint are sent with, as its read model has it. */
type SendingEndpoint = Pick<
  EndpointDocument,
  "endpoint_id" | "sealed_keys" | "previous_keys" | "sealed_headers" | "ed25519"
>;

/**
 * Opens what the attempts to an endpoint are sent with, and gives what makes the headers of one: those that its owner
 * chose, and those that sign it, which cannot be chosen.
 *
 * @param now milliseconds since the epoch
 * @throws SealBroken when it was sealed with another master key
 */
export function attemptHeaders(
  vault: EndpointVault,
  endpoint: SendingEndpoint,
  now: number,
): (attempt: SignedAttempt) => Readonly<Record<string, string>> {
  const keys = vault.signingKeys(endpoint, now);
  const chosen = vault.openHeaders(endpoint.endpoint_id, endpoint.sealed_headers);
  const { ed25519 } = endpoint;
  return ({ deliveryId, startedAt, body }) => {
    const timestampSeconds = Math.floor(Date.parse(startedAt) / 1_000);
    return { ...chosen, ...signatureHeaders({ deliveryId, timestampSeconds, body, keys, ed25519 }) };
  };
}
