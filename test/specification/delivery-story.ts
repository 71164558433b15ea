import { createHash } from "node:crypto";
import type {
  AttemptUnderWay,
  DeliveryAttempted,
  DeliveryCanceled,
  DeliveryAttemptReleased,
  DeliveryAttemptStarted,
  DeliveryFailed,
  DeliveryHeld,
  DeliveryReleased,
  DeliveryRequested,
} from "../../src/events/delivery.ts";

export const DELIVERY_ID = "0198f1a2-0000-7000-8000-000000000001";
export const RECEIVER_URL = "https://receiver.example/hook";
export const LEASE_MS = 30_000;
const START = Date.parse("2026-03-01T12:00:00.000Z");

/** The time so many seconds after the story began, as ISO 8601 UTC. */
export function at(seconds: number): string {
  return new Date(START + seconds * 1_000).toISOString();
}

/** The same in milliseconds since the epoch. */
export function msAt(seconds: number): number {
  return START + seconds * 1_000;
}

/** The dispatch, at second 0 unless told otherwise. */
export function requested(seconds = 0, deliveryId = DELIVERY_ID, endpointId = 7): DeliveryRequested {
  const payload = '{"order": 1}';
  return {
    type: "DeliveryRequested",
    data: {
      deliveryId,
      userId: 3,
      endpointId,
      payload,
      payloadBytes: Buffer.byteLength(payload),
      payloadSha256: createHash("sha256").update(payload).digest("hex"),
      reference: null,
      requestedAt: at(seconds),
    },
  };
}

/** The claim of attempt `number` at that second. */
export function started(number: number, seconds: number, deliveryId = DELIVERY_ID): DeliveryAttemptStarted {
  return { type: "DeliveryAttemptStarted", data: { deliveryId, ...claim(number, seconds) } };
}

/** The same claim as the state has it. */
export function claim(number: number, seconds: number): AttemptUnderWay {
  const leaseUntil = new Date(msAt(seconds) + LEASE_MS).toISOString();
  return { number, round: 1, url: RECEIVER_URL, startedAt: at(seconds), leaseUntil };
}

/** A claim given back. */
export function released(number: number, seconds: number, reason = "no connection free"): DeliveryAttemptReleased {
  return {
    type: "DeliveryAttemptReleased",
    data: { deliveryId: DELIVERY_ID, number, round: 1, reason, releasedAt: at(seconds) },
  };
}

/** An attempt that failed with status 500: claimed at one second, ended at another, to be repeated at a third. */
export function attempted(
  number: number,
  startedAt: number,
  endedAt: number,
  more: Partial<DeliveryAttempted["data"]> = {},
): DeliveryAttempted {
  return {
    type: "DeliveryAttempted",
    data: {
      deliveryId: DELIVERY_ID,
      number,
      round: 1,
      url: RECEIVER_URL,
      startedAt: at(startedAt),
      endedAt: at(endedAt),
      durationMs: (endedAt - startedAt) * 1_000,
      outcome: "failed",
      errorCode: "http_status",
      responseStatus: 500,
      responseBody: "no",
      responseTruncated: false,
      connections: 1,
      nextAttemptAt: null,
      ...more,
    },
  };
}

/** What is different when the receiver took it. */
export const DELIVERED = { outcome: "delivered", errorCode: null, responseStatus: 200, responseBody: "ok" } as const;

/** What is different when nobody knows what became of it. */
export const UNKNOWN = { outcome: "unknown", errorCode: null, responseStatus: null, responseBody: null } as const;

/** The end without success. */
export function failed(seconds: number, reason: DeliveryFailed["data"]["reason"]): DeliveryFailed {
  return { type: "DeliveryFailed", data: { deliveryId: DELIVERY_ID, reason, failedAt: at(seconds) } };
}

/** Held, since endpoint 7 is disabled unless told otherwise. */
export function held(
  seconds: number,
  deliveryId = DELIVERY_ID,
  reason: DeliveryHeld["data"]["reason"] = "endpoint_disabled",
): DeliveryHeld {
  return { type: "DeliveryHeld", data: { deliveryId, endpointId: 7, reason, heldAt: at(seconds) } };
}

/** No longer held, and due at second `due`. */
export function letGo(seconds: number, due: number, deliveryId = DELIVERY_ID): DeliveryReleased {
  return { type: "DeliveryReleased", data: { deliveryId, endpointId: 7, dueAt: at(due), releasedAt: at(seconds) } };
}

export function canceled(seconds: number, deliveryId = DELIVERY_ID): DeliveryCanceled {
  return { type: "DeliveryCanceled", data: { deliveryId, reason: "endpoint_deleted", canceledAt: at(seconds) } };
}

/** The events up to and with failed attempt `count` of the usual schedule, each lasting a second: the next is due then. */
export function afterFailures(count: number): (DeliveryRequested | DeliveryAttemptStarted | DeliveryAttempted)[] {
  const events: (DeliveryRequested | DeliveryAttemptStarted | DeliveryAttempted)[] = [requested()];
  let due = 0;
  for (let number = 1; number <= count; number++) {
    const next = due + 1 + 60 * 2 ** (number - 1);
    events.push(started(number, due), attempted(number, due, due + 1, { nextAttemptAt: at(next) }));
    due = next;
  }
  return events;
}

/** The second at which the attempt after `count` failures of `afterFailures` is due. */
export function dueAfterFailures(count: number): number {
  return Array.from({ length: count }, (_failure, index) => 1 + 60 * 2 ** index).reduce((sum, wait) => sum + wait, 0);
}
