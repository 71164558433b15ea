import type { EndpointDocument } from "../../../projections/endpoints.ts";
import type { EndpointVault } from "./endpoint-vault.ts";
import { signatureHeaders } from "./signature.ts";

/** The inputs of an attempt's headers. */
export interface SignedAttempt {
  readonly deliveryId: string;
  /** When the attempt was claimed, ISO 8601 UTC. */
  readonly startedAt: string;
  /** The body, exactly as sent. */
  readonly body: string;
}

/** The endpoint fields needed for sending, from its read model. */
type SendingEndpoint = Pick<
  EndpointDocument,
  "endpoint_id" | "sealed_keys" | "previous_keys" | "sealed_headers" | "ed25519"
>;

/**
 * Opens what attempts to an endpoint need, and returns a function for the headers of one attempt: those that the owner
 * chose, and the signature headers, which override them.
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
