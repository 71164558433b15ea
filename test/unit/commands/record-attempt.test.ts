import { describe, it } from "vitest";
import { decideRecordAttempt } from "../../../src/commands/record-attempt.ts";
import type { AttemptResult, RecordAttempt } from "../../../src/commands/record-attempt.ts";
import { retryPolicy } from "../../../src/commands/retry-policy.ts";
import { evolveDelivery } from "../../../src/events/delivery.ts";
import type { AttemptUnderWay } from "../../../src/events/delivery.ts";
import { askedWaitMs } from "../../../src/processes/sending/asked-wait.ts";
import { decider } from "../../specification/decider.ts";
import {
  afterFailures,
  at,
  attempted,
  claim,
  DELIVERED,
  DELIVERY_ID,
  dueAfterFailures,
  failed,
  msAt,
  released,
  requested,
  started,
  UNKNOWN,
} from "../../specification/delivery-story.ts";

const given = decider(evolveDelivery, decideRecordAttempt);
const policy = retryPolicy(60_000);

const FAILURE: AttemptResult = {
  outcome: "failed",
  errorCode: "http_status",
  responseStatus: 500,
  responseBody: "no",
  responseTruncated: false,
  connections: 1,
  durationMs: 1_000,
  askedWaitMs: null,
};

function record(attempt: AttemptUnderWay, endedAt: number, result: Partial<AttemptResult> = {}): RecordAttempt {
  return { deliveryId: DELIVERY_ID, attempt, result: { ...FAILURE, ...result }, endedAt: at(endedAt), policy };
}

describe("recording an attempt", () => {
  it("ends the delivery when the receiver took it", () => {
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, DELIVERED))
      .then(attempted(1, 0, 1, DELIVERED));
  });

  it.each([
    [1, 60],
    [2, 120],
    [3, 240],
    [4, 480],
  ])("repeats failed attempt %i after %i seconds, counted from its end", (number, wait) => {
    const due = dueAfterFailures(number - 1);
    given(...afterFailures(number - 1), started(number, due))
      .when(record(claim(number, due), due + 1))
      .then(attempted(number, due, due + 1, { nextAttemptAt: at(due + 1 + wait) }));
  });

  it("ends the delivery when the fifth attempt failed", () => {
    const due = dueAfterFailures(4);
    given(...afterFailures(4), started(5, due))
      .when(record(claim(5, due), due + 1))
      .then(attempted(5, due, due + 1), failed(due + 1, "attempts_exhausted"));
  });

  it("delivers on the fifth attempt all the same", () => {
    const due = dueAfterFailures(4);
    given(...afterFailures(4), started(5, due))
      .when(record(claim(5, due), due + 1, DELIVERED))
      .then(attempted(5, due, due + 1, DELIVERED));
  });

  it("ends the delivery at once when the receiver is gone", () => {
    const gone = { errorCode: "gone", responseStatus: 410 } as const;
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, gone))
      .then(attempted(1, 0, 1, gone), failed(1, "gone"));
  });

  it("waits as long as the receiver asks when that is longer than the schedule", () => {
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, { askedWaitMs: 600_000 }))
      .then(attempted(1, 0, 1, { nextAttemptAt: at(601) }));
  });

  it("keeps to the schedule when the receiver asks for less", () => {
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, { askedWaitMs: 5_000 }))
      .then(attempted(1, 0, 1, { nextAttemptAt: at(61) }));
  });

  it("waits for at most 24 hours, whatever the receiver asks", () => {
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, { askedWaitMs: askedWaitMs("99999999", msAt(1)) }))
      .then(attempted(1, 0, 1, { nextAttemptAt: at(1 + 24 * 60 * 60) }));
  });

  it("does not grant a sixth attempt to a receiver that asks for one", () => {
    const due = dueAfterFailures(4);
    given(...afterFailures(4), started(5, due))
      .when(record(claim(5, due), due + 1, { askedWaitMs: 600_000 }))
      .then(attempted(5, due, due + 1), failed(due + 1, "attempts_exhausted"));
  });

  it("counts an unknown outcome as an attempt, and repeats it by the schedule", () => {
    given(requested(), started(1, 0))
      .when(record(claim(1, 0), 1, UNKNOWN))
      .then(attempted(1, 0, 1, { ...UNKNOWN, nextAttemptAt: at(61) }));
  });

  it("refuses a result whose claim was given back", () => {
    given(requested(), started(1, 0), released(1, 1))
      .when(record(claim(1, 0), 2, DELIVERED))
      .thenNothing();
  });

  it("refuses a result whose claim lapsed, while somebody else makes the next attempt", () => {
    given(...afterFailures(1), started(2, dueAfterFailures(1)))
      .when(record(claim(1, 0), dueAfterFailures(1), DELIVERED))
      .thenNothing();
  });

  it("refuses a result under an earlier claim of the same number", () => {
    given(requested(), started(1, 0), released(1, 1), started(1, 2))
      .when(record(claim(1, 0), 3, DELIVERED))
      .thenNothing();
  });

  it("refuses a result that was recorded before", () => {
    given(requested(), started(1, 0), attempted(1, 0, 1, DELIVERED))
      .when(record(claim(1, 0), 1, DELIVERED))
      .thenNothing();
  });

  it("refuses a result for a delivery that does not exist", () => {
    given()
      .when(record(claim(1, 0), 1))
      .thenNothing();
  });
});
