import type { FastifyBaseLogger, FastifyReply, onSendHookHandler } from "fastify";
import type { DispatchStatus, Metrics } from "../../observability/metrics.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** What is known of this request's dispatch; null until its body is read, and on other routes. */
    dispatch: DispatchDetails | null;
  }
}

export interface DispatchDetails {
  readonly endpointId: number;
  readonly deliveryId: string;
  /** Those of the payload. */
  readonly bytes: number;
  readonly reference: string | null;
}

/**
 * A hook that counts a dispatch and logs its one wide line, unless the request is the client's mistake. It runs when
 * the reply is sent, not when it has arrived: a client that hung up has its delivery all the same.
 */
export function logDispatch(metrics: Metrics, logger: FastifyBaseLogger): onSendHookHandler {
  return (request, reply, payload, done) => {
    const status = statusOf(reply);
    metrics.dispatched(status);
    if (status !== "refused") {
      const { id, user, dispatch } = request;
      const fields = {
        request: id,
        user: user?.user_id ?? null,
        endpoint: dispatch?.endpointId ?? null,
        delivery: dispatch?.deliveryId ?? null,
        ...(dispatch?.reference != null && { reference: dispatch.reference }),
        bytes: dispatch?.bytes ?? null,
        outcome: status,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      };
      logger.info(fields, "dispatch");
    }
    done(null, payload);
  };
}

function statusOf(reply: FastifyReply): DispatchStatus {
  const { statusCode } = reply;
  if (statusCode === 202) return reply.hasHeader("idempotency-replayed") ? "replayed" : "accepted";
  if (statusCode === 503) return "unavailable";
  return statusCode < 500 ? "refused" : "failed";
}
