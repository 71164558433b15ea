import type { FastifyRequest } from "fastify";
import { HttpError } from "../errors.ts";
import { referenceOf } from "./reference.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** What the headers of a request for a delivery say about it. */
export interface DispatchHeaders {
  /** Null: every request is a new delivery. */
  readonly idempotencyKey: string | null;
  /** The client's own name for it; null without one. */
  readonly reference: string | null;
}

/**
 * Reads `Webhook-Reference` and `Idempotency-Key`, which every route that accepts deliveries takes.
 *
 * @param referenceInBody the valid one from the body; null without one
 * @throws HttpError 400 when one of them is invalid, or the references differ
 */
export function dispatchHeaders(request: FastifyRequest, referenceInBody: string | null): DispatchHeaders {
  return { reference: referenceOf(request.raw, referenceInBody), idempotencyKey: idempotencyKeyOf(request) };
}

function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && VISIBLE_ASCII.test(key)) return key;
  throw new HttpError("invalid_request", { errors: ["Idempotency-Key must be 1 to 255 visible ASCII characters"] });
}
