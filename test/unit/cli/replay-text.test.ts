import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stepText } from "../../../src/cli/replay-text.ts";
import type { Paint } from "../../../src/cli/replay-text.ts";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { historySteps } from "../../../src/projections/history/history-steps.ts";
import { columnsOf, obeyedByTerminals } from "../../fixtures/terminal.ts";
import { at, attempted, DELIVERY_ID, failed, requested, started, UNKNOWN } from "../../specification/delivery-story.ts";
import { logOf } from "../../specification/recorded.ts";

const plain: Paint = (_look, text) => text;

function told(events: readonly GatewayEvent[], paint: Paint = plain): string[] {
  const log = logOf(events.map((event) => [`delivery-${DELIVERY_ID}`, event] as const));
  return [...historySteps(DELIVERY_ID, log)].map((step) => stepText(step, paint));
}

describe("a step of a history, told to a person", () => {
  it("is the event, what it changed, and the delivery after it", () => {
    const [, , third] = told([requested(), started(1, 0), attempted(1, 0, 1, { nextAttemptAt: at(61) })]);
    expect(third).toBe(`2. DeliveryAttempted
  recorded            2026-03-01T12:00:00.000Z (not proven by verify)
  position            00000000000000000021
  actor               test
  correlation         00000000-0000-4000-8000-000000000000
  causation           00000000-0000-4000-8000-000000000000
  what happened
    number              1
    round               1
    url                 https://receiver.example/hook
    started_at          ${at(0)}
    ended_at            ${at(1)}
    duration_ms         1000
    outcome             failed
    error_code          http_status
    response_status     500
    response_body       no
    response_truncated  false
    next_attempt_at     ${at(61)}
    connections         1
  what changed
    attempts            0 → 1
    next_attempt_at     ${at(0)} → ${at(61)}
    attempt 1           none → failed, 500 http_status, 1000 ms
  the delivery after it
    status              PENDING
    attempts            1
    next_attempt_at     ${at(61)}
    completed_at        none
    failure_reason      none
    attempt 1           failed, 500 http_status, 1000 ms

`);
  });

  it("shows the whole delivery with its first event, without its payload", () => {
    const [first] = told([requested()]);
    expect(first).not.toContain("what changed");
    expect(first).not.toContain('"order"');
    expect(first).toContain(
      `  the delivery after it\n    id                  ${DELIVERY_ID}\n    endpoint_id         7\n`,
    );
    expect(first).toContain("    payload_bytes       12\n");
  });

  it("shows when an attempt took two connections", () => {
    const [, second] = told([requested(), attempted(1, 0, 1, { connections: 2 })]);
    expect(second).toContain("    attempt 1           failed, 500 http_status, 1000 ms, 2 connections\n");
  });

  it("says so where nothing that is shown has changed", () => {
    const [, second] = told([requested(), started(1, 0)]);
    expect(second).toContain("  what changed\n    nothing that is shown of the delivery\n");
  });

  it("shows only what has changed", () => {
    const steps = told([requested(), attempted(1, 0, 1), failed(1, "attempts_exhausted")]);
    const changed = /what changed\n([^]*?) {2}the delivery/.exec(steps[2]!)?.[1];
    expect(changed?.split("\n").map((line) => line.slice(4, 24).trim())).toEqual([
      ...["status", "completed_at", "failure_reason"],
      "",
    ]);
    expect(changed).toContain("PENDING → FAILED");
  });

  it("says what came of an attempt without an answer", () => {
    const [, second] = told([requested(), attempted(1, 0, 30, UNKNOWN)]);
    expect(second).toContain("attempt 1           none → unknown, 30000 ms\n");
  });

  it("tells the attempts of further rounds apart", () => {
    const [, , again] = told([requested(), attempted(1, 0, 1), attempted(2, 5, 6, { round: 2 })]);
    expect(again).toContain("attempt 2           none → round 2: failed, 500 http_status, 1000 ms\n");
  });

  it("fits into 80 columns and is obeyed by no terminal, whatever receivers answer and URLs contain", () => {
    const nasty = fc.string({ unit: "binary", maxLength: 2_000 });
    const evil = "\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n\u202e🎉👨‍👩‍👧‍👦漢字\\";
    fc.assert(
      fc.property(nasty, nasty, (responseBody, url) => {
        const more = { responseBody: evil + responseBody, url: `https://a.example/${"x".repeat(200)}${url}` };
        for (const step of told([requested(), attempted(1, 0, 1, more)])) {
          expect(obeyedByTerminals(step)).toEqual([]);
          for (const line of step.split("\n")) expect(columnsOf(line)).toBeLessThanOrEqual(80);
        }
      }),
      {
        examples: [
          ["x".repeat(16_384), ""],
          ["🎉".repeat(4_096), "\u0000"],
        ],
      },
    );
  });

  it("is painted without becoming another text", () => {
    const events = [requested(), started(1, 0), attempted(1, 0, 1, { responseBody: "y".repeat(200) })];
    const painted = told(events, (look, text) => `<${look}>${text}</>`).join("");
    expect(painted).toContain("<bold>0. DeliveryRequested</>");
    expect(painted.replaceAll(/<(bold|dim)>|<\/>/g, "")).toBe(told(events).join(""));
  });
});
