import type { KnownEvent } from "../src/events/catalogue.ts";
import type { DeliveryEvent } from "../src/events/delivery.ts";

/** The users of a bad night, and how many endpoints each of them has. */
export const USERS = 1_000;
export const ENDPOINTS_EACH = 3;
/** The user who floods: every second delivery is this one's. */
export const FLOODER = 7;

const DAY_MS = 86_400_000;
export const RECEIVER = "https://receiver.example/";
const PAYLOAD = { payload: "{}", payloadBytes: 2, payloadSha256: "0".repeat(64) };

/**
 * The events of so many deliveries, spread over a day before `now` (ms since the Unix epoch): of 20, 12 are delivered, 2
 * failed for good, 1 is held, 1 waits for its retry, and 4 are due. The last 200 are under way.
 */
export function* badNight(deliveries: number, now: number): Generator<readonly KnownEvent[]> {
  let position = 1_000;
  for (let n = 0; n < deliveries; n++) {
    const deliveryId = `01890a5d-ac96-774b-8${(n % 4_096).toString(16).padStart(3, "0")}-${n.toString(16).padStart(12, "0")}`;
    const isLast = n >= deliveries - 200;
    const at = new Date(isLast ? now : now - DAY_MS + Math.floor((n / deliveries) * (DAY_MS - 60_000))).toISOString();
    const kind = isLast ? "under_way" : kindOf((n + Math.floor(n / USERS)) % 20);
    yield story(deliveryId, n, at, new Date(now + 3_600_000).toISOString(), kind).map((event) => {
      position += 1;
      return {
        ...event,
        id: deliveryId,
        stream: `delivery-${deliveryId}`,
        revision: "0",
        position: String(position).padStart(20, "0"),
        recordedAt: at,
        metadata: {},
      } as unknown as KnownEvent;
    });
  }
}

type Kind = "delivered" | "failed" | "held" | "later" | "due" | "under_way";

function kindOf(n: number): Kind {
  if (n < 12) return "delivered";
  if (n < 14) return "failed";
  return n === 14 ? "held" : n === 15 ? "later" : "due";
}

function story(deliveryId: string, n: number, at: string, later: string, kind: Kind): DeliveryEvent[] {
  const userId = n % 2 === 0 ? FLOODER : 1 + (n % USERS);
  const endpointId = (userId - 1) * ENDPOINTS_EACH + 1 + (n % ENDPOINTS_EACH);
  const requested = {
    type: "DeliveryRequested",
    data: { deliveryId, userId, endpointId, ...PAYLOAD, requestedAt: at },
  } as const;
  const attempt = { deliveryId, number: 1, round: 1, url: RECEIVER, startedAt: at };
  const started = { type: "DeliveryAttemptStarted", data: { ...attempt, leaseUntil: later } } as const;
  const ended = { ...attempt, endedAt: at, durationMs: 12, responseBody: "no", responseTruncated: false };
  const delivered = { outcome: "delivered", errorCode: null, responseStatus: 200, connections: 1 } as const;
  const failed = { outcome: "failed", errorCode: "http_status", responseStatus: 503, connections: 1 } as const;
  switch (kind) {
    case "delivered":
      return [requested, started, { type: "DeliveryAttempted", data: { ...ended, ...delivered, nextAttemptAt: null } }];
    case "failed":
      return [
        requested,
        started,
        { type: "DeliveryAttempted", data: { ...ended, ...failed, nextAttemptAt: null } },
        { type: "DeliveryFailed", data: { deliveryId, reason: "attempts_exhausted", failedAt: at } },
      ];
    case "held":
      return [
        requested,
        { type: "DeliveryHeld", data: { deliveryId, endpointId, reason: "endpoint_disabled", heldAt: at } },
      ];
    case "later":
      return [requested, started, { type: "DeliveryAttempted", data: { ...ended, ...failed, nextAttemptAt: later } }];
    case "due":
      return [requested];
    case "under_way":
      return [requested, started];
  }
}
