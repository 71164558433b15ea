import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideCloseLapsedAttempt } from "../../../src/commands/close-lapsed-attempt.ts";
import { decideRecordAttempt } from "../../../src/commands/record-attempt.ts";
import { decideReleaseAttempt } from "../../../src/commands/release-attempt.ts";
import { retryPolicy } from "../../../src/commands/retry-policy.ts";
import { decideStartAttempt } from "../../../src/commands/start-attempt.ts";
import { readEvent } from "../../../src/events/catalogue.ts";
import { deliveryStream, evolveDelivery } from "../../../src/events/delivery.ts";
import type { AttemptUnderWay, Delivery, DeliveryEvent } from "../../../src/events/delivery.ts";
import { deliveries } from "../../../src/projections/deliveries.ts";
import type { DeliveryDocument } from "../../../src/projections/deliveries.ts";
import { dueDeliveries } from "../../../src/projections/due-deliveries.ts";
import type { DueDocument } from "../../../src/projections/due-deliveries.ts";
import type { Content } from "../../../src/projections/projection.ts";
import { DELIVERY_ID, LEASE_MS, msAt, RECEIVER_URL, requested } from "../../specification/delivery-story.ts";
import { recorded } from "../../specification/recorded.ts";

const POLICY = retryPolicy(60_000);

/** Something that a worker does after a while, perhaps with a claim that it held earlier (`claim`: how many claims ago). */
const action = fc.record({
  kind: fc.constantFrom("start", "start", "delivered", "failed", "failed", "gone", "unknown", "release", "lapse"),
  waitMs: fc.oneof(fc.nat(2_000), fc.nat(LEASE_MS * 2), fc.nat(10 * 60_000)),
  claimsAgo: fc.constantFrom(0, 0, 0, 1, 2),
  askedWaitMs: fc.option(fc.nat(3_600_000)),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** The three folds of the same events, and the claims that were ever made. */
class Life {
  delivery: Delivery | null = null;
  due: Content<DueDocument> | null = null;
  shown: Content<DeliveryDocument> | null = null;
  readonly events: DeliveryEvent[] = [];
  readonly claims: AttemptUnderWay[] = [];
  now = msAt(0);

  apply(event: DeliveryEvent): void {
    const known = readEvent(recorded(deliveryStream(DELIVERY_ID), event, this.events.length + 1, this.events.length));
    this.delivery = evolveDelivery(this.delivery, event);
    this.due = dueDeliveries.evolve(this.due, known);
    this.shown = deliveries.evolve(this.shown, known);
    this.events.push(event);
    if (this.delivery.underWay !== null && event.type === "DeliveryAttemptStarted") {
      this.claims.push(this.delivery.underWay);
    }
  }

  decide({ kind, claimsAgo, askedWaitMs }: Action): readonly DeliveryEvent[] {
    const { delivery } = this;
    const now = new Date(this.now).toISOString();
    const command = { deliveryId: DELIVERY_ID, now };
    if (kind === "start") return decideStartAttempt({ ...command, url: RECEIVER_URL, leaseMs: LEASE_MS }, delivery);
    if (kind === "lapse") return decideCloseLapsedAttempt({ ...command, policy: POLICY }, delivery);
    const attempt = this.claims.at(-1 - claimsAgo);
    if (attempt === undefined) return [];
    if (kind === "release") return decideReleaseAttempt({ ...command, attempt, reason: "our own fault" }, delivery);
    const result = {
      outcome: kind === "gone" ? ("failed" as const) : kind,
      errorCode: kind === "gone" ? ("gone" as const) : null,
      responseStatus: kind === "gone" ? 410 : null,
      responseBody: null,
      responseTruncated: false,
      connections: 1,
      durationMs: 1,
      askedWaitMs,
    };
    return decideRecordAttempt({ ...command, attempt, result, endedAt: now, policy: POLICY }, delivery);
  }
}

function checkRules(life: Life, before: Delivery | null, decided: readonly DeliveryEvent[]): void {
  const { delivery, due, shown, events } = life;
  if (delivery === null || shown === null) throw new Error("a delivery that was requested is gone");
  const final = delivery.status !== "PENDING";

  // At most five attempts, numbered from 1, and nothing after the end.
  const numbers = events.flatMap((event) => (event.type === "DeliveryAttempted" ? [event.data.number] : []));
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  expect(numbers.length).toBeLessThanOrEqual(5);
  if (before !== null && before.status !== "PENDING") expect(decided).toEqual([]);

  // Never early, and never two at a time.
  for (const event of decided) {
    if (event.type !== "DeliveryAttemptStarted") continue;
    expect(before?.underWay).toBeNull();
    expect(Date.parse(event.data.startedAt)).toBeGreaterThanOrEqual(Date.parse(before?.dueAt ?? ""));
  }

  // Exactly one due time while it is pending, none after, and the three folds agree.
  expect(delivery.dueAt === null).toBe(final);
  expect(due?.due_at ?? null).toBe(delivery.dueAt);
  expect(shown.status).toBe(delivery.status);
  expect(shown.attempts).toBe(delivery.attempts);
  expect(shown.attempt_log).toHaveLength(numbers.length);
  expect(shown.completed_at === null).toBe(!final);
  expect(shown.next_attempt_at === null).toBe(final);
  // What a client sees is the schedule: a lease, or a claim given back, does not move it.
  const last = events.at(-1)?.type;
  if (last === "DeliveryRequested" || last === "DeliveryAttempted") expect(shown.next_attempt_at).toBe(delivery.dueAt);
}

describe("the life of a delivery", () => {
  it("keeps its rules through any sequence of commands, late and stale ones too", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 1, maxLength: 60 }), (actions) => {
        const life = new Life();
        life.apply(requested());
        checkRules(life, null, []);
        for (const next of actions) {
          life.now += next.waitMs;
          const before = life.delivery;
          const decided = life.decide(next);
          for (const event of decided) life.apply(event);
          checkRules(life, before, decided);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("ends, when somebody keeps trying and nothing ever gets through", () => {
    const outcome = fc.constantFrom<Action["kind"]>("failed", "unknown", "lapse");
    fc.assert(
      fc.property(fc.array(outcome, { minLength: 5, maxLength: 5 }), (outcomes) => {
        const life = new Life();
        life.apply(requested());
        for (const kind of outcomes) {
          life.now = Math.max(life.now, Date.parse(life.delivery?.dueAt ?? ""));
          const start = life.decide({ kind: "start", waitMs: 0, claimsAgo: 0, askedWaitMs: null });
          for (const event of start) life.apply(event);
          life.now += LEASE_MS;
          for (const event of life.decide({ kind, waitMs: 0, claimsAgo: 0, askedWaitMs: null })) life.apply(event);
        }
        expect(life.delivery).toMatchObject({ status: "FAILED", attempts: 5 });
        expect(life.events.at(-1)).toMatchObject({ type: "DeliveryFailed", data: { reason: "attempts_exhausted" } });
      }),
    );
  });
});
