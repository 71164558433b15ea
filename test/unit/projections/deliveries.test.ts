import { describe, expect, it } from "vitest";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { deliveries } from "../../../src/projections/deliveries.ts";
import { deliveriesOfUser, deliveryOfUser } from "../../../src/projections/delivery-queries.ts";
import {
  at,
  attempted,
  canceled,
  DELIVERED,
  DELIVERY_ID,
  failed,
  held,
  letGo,
  RECEIVER_URL,
  released,
  requested,
  started,
  UNKNOWN,
} from "../../specification/delivery-story.ts";
import { filled, specificationOf } from "../../specification/projection.ts";
import { logOf } from "../../specification/recorded.ts";

const given = specificationOf(deliveries);

function logOfDelivery(...events: GatewayEvent[]) {
  return logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const));
}

const ASKED = {
  _id: DELIVERY_ID,
  endpoint_id: 7,
  user_id: 3,
  status: "PENDING",
  attempts: 0,
  next_attempt_at: at(0),
  created_at: at(0),
  completed_at: null,
  payload_bytes: 12,
  payload_sha256: requested().data.payloadSha256,
  reference: null,
  failure_reason: null,
  attempt_log: [],
};

const FIRST_FAILURE = {
  number: 1,
  round: 1,
  started_at: at(0),
  duration_ms: 1_000,
  outcome: "failed",
  url: RECEIVER_URL,
  response_status: 500,
  response_body: "no",
  response_truncated: false,
  error_code: "http_status",
  next_attempt_at: at(61),
  connections: 1,
};

describe("the read model deliveries", () => {
  it("shows a delivery that was asked for, without its payload", async () => {
    await given(logOfDelivery(requested())).then(ASKED);
  });

  it("shows the reference that its client gave it, whatever becomes of it", async () => {
    const named = { ...requested(), data: { ...requested().data, reference: "order 42" } };
    await given(logOfDelivery(named)).then({ ...ASKED, reference: "order 42" });
    const end = { status: "CANCELED", next_attempt_at: null, completed_at: at(2), failure_reason: "endpoint_deleted" };
    await given(logOfDelivery(named, canceled(2))).then({ ...ASKED, reference: "order 42", ...end });
  });

  it("shows no next attempt while it is held, and when it is due once it is let go", async () => {
    const held1 = { ...ASKED, next_attempt_at: null };
    await given(logOfDelivery(requested(), held(1))).then(held1);
    await given(logOfDelivery(requested(), held(1), letGo(2, 9))).then({ ...ASKED, next_attempt_at: at(9) });
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) }), held(61));
    await given(log).then({ ...held1, attempts: 1, attempt_log: [FIRST_FAILURE] });
  });

  it("shows when and why one was canceled", async () => {
    const end = { status: "CANCELED", next_attempt_at: null, completed_at: at(2), failure_reason: "endpoint_deleted" };
    await given(logOfDelivery(requested(), canceled(2))).then({ ...ASKED, ...end });
    await given(logOfDelivery(requested(), held(1), canceled(2))).then({ ...ASKED, ...end });
  });

  it("shows the schedule, not the claim, while an attempt is under way or was given back", async () => {
    await given(logOfDelivery(requested(), started(1, 0))).then(ASKED);
    await given(logOfDelivery(requested(), started(1, 0), released(1, 1))).then(ASKED);
  });

  it("shows each attempt with what came back, and when the next is due", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) }));
    await given(log).then({ ...ASKED, attempts: 1, next_attempt_at: at(61), attempt_log: [FIRST_FAILURE] });
  });

  it("shows success with the attempts that led to it", async () => {
    const log = logOfDelivery(
      requested(),
      started(1, 0),
      attempted(1, 0, 1, { nextAttemptAt: at(61) }),
      started(2, 61),
      attempted(2, 61, 63, DELIVERED),
    );
    const second = {
      ...FIRST_FAILURE,
      number: 2,
      started_at: at(61),
      duration_ms: 2_000,
      outcome: "delivered",
      response_status: 200,
      response_body: "ok",
      error_code: null,
      next_attempt_at: null,
    };
    await given(log).then({
      ...ASKED,
      status: "SUCCESS",
      attempts: 2,
      next_attempt_at: null,
      completed_at: at(63),
      attempt_log: [FIRST_FAILURE, second],
    });
  });

  it("shows why a delivery failed", async () => {
    const gone = { errorCode: "gone", responseStatus: 410 };
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 1, gone), failed(1, "gone"));
    await given(log).then({
      ...ASKED,
      status: "FAILED",
      attempts: 1,
      next_attempt_at: null,
      completed_at: at(1),
      failure_reason: "gone",
      failed_at: at(1),
      attempt_log: [{ ...FIRST_FAILURE, error_code: "gone", response_status: 410, next_attempt_at: null }],
    });
  });

  it("shows that the outcome of an attempt is unknown", async () => {
    const log = logOfDelivery(requested(), started(1, 0), attempted(1, 0, 30, { ...UNKNOWN, nextAttemptAt: at(90) }));
    const unknown = { outcome: "unknown", error_code: null, response_status: null, response_body: null };
    await given(log).then({
      ...ASKED,
      attempts: 1,
      next_attempt_at: at(90),
      attempt_log: [{ ...FIRST_FAILURE, ...unknown, duration_ms: 30_000, next_attempt_at: at(90) }],
    });
  });
});

describe("the queries of deliveries", () => {
  const id = (number: number) => `0198f1a2-0000-7000-8000-${String(number).padStart(12, "0")}`;
  const REFERENCES = ["a", null, "a", "A", "a\0", "a"];
  /** Six deliveries of user 3 to endpoints 1 and 2, two of them made in the same second; one of user 4. */
  const log = logOf([
    ...[1, 2, 3, 3, 4, 5].map((seconds, index) => {
      const { type, data } = requested(seconds, id(index), 1 + (index % 2));
      return [`delivery-${id(index)}`, { type, data: { ...data, reference: REFERENCES[index] ?? null } }] as const;
    }),
    [`delivery-${id(9)}`, { ...requested(3), data: { ...requested(3, id(9)).data, userId: 4, reference: "a" } }],
    [`delivery-${id(5)}`, started(1, 5, id(5))],
    [`delivery-${id(5)}`, attempted(1, 5, 6, { ...DELIVERED, deliveryId: id(5) })],
  ]);

  it("gives a user's deliveries newest first, page by page, each once", async () => {
    const documents = await filled(deliveries, [log]);
    const seen: string[] = [];
    for (let after = null as { createdAt: string; id: string } | null; ;) {
      const page = await deliveriesOfUser(documents, 3, {}, 2, after);
      seen.push(...page.map(({ _id }) => _id));
      const last = page.at(-1);
      if (last === undefined) break;
      after = { createdAt: last.created_at, id: last._id };
    }
    expect(seen).toEqual([5, 4, 3, 2, 1, 0].map(id));
  });

  it.each([
    ["endpoint", { endpointId: 2 }, [5, 3, 1]],
    ["status", { status: "SUCCESS" } as const, [5]],
    ["reference, exactly", { reference: "a" }, [5, 2, 0]],
    ["reference with other characters than letters", { reference: "a\0" }, [4]],
    ["reference and others", { reference: "a", endpointId: 1, from: at(2), status: "PENDING" } as const, [2]],
    ["time, with its beginning and without its end", { from: at(2), to: at(4) }, [3, 2, 1]],
    ["a beginning alone", { from: at(4) }, [5, 4]],
    ["an end alone", { to: at(2) }, [0]],
    ["all of them", { endpointId: 2, status: "PENDING", from: at(2), to: at(6) } as const, [3, 1]],
  ])("filters by %s", async (_what, filter, expected) => {
    const documents = await filled(deliveries, [log]);
    const found = await deliveriesOfUser(documents, 3, filter, 100, null);
    expect(found.map(({ _id }) => _id)).toEqual(expected.map(id));
  });

  it("knows no delivery of another user", async () => {
    const documents = await filled(deliveries, [log]);
    expect(await deliveryOfUser(documents, 3, id(0))).toMatchObject({ _id: id(0) });
    expect(await deliveryOfUser(documents, 4, id(0))).toBeNull();
    expect(await deliveryOfUser(documents, 3, id(8))).toBeNull();
  });
});
