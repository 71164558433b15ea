import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Overview } from "../../../src/cli/gateway-api.ts";
import type { Paint } from "../../../src/cli/replay-text.ts";
import { lasted, statusText } from "../../../src/cli/status-text.ts";
import { columnsOf, obeyedByTerminals } from "../../fixtures/terminal.ts";

const plain: Paint = (_look, text) => text;
const ADDRESS = "http://127.0.0.1:8080";

const NIGHT: Overview = {
  time: "2026-03-01T03:12:00.000Z",
  instance: { version: "1.2.3", revision: "4f1c2ab90d1e4f1c2ab90d1e", uptime_seconds: 11_520 },
  oldest_due: {
    id: "0198f1a2-0000-7000-8000-000000000001",
    user_id: 3,
    endpoint_id: 7,
    due_at: "2026-03-01T03:07:30.000Z",
    waiting_for: "slot",
    since: "2026-03-01T03:07:30.000Z",
    attempts: 2,
    last_error: "timeout",
  },
  deliveries: { due: 12_345, due_within_hour: 1_013_001, held: 7, under_way: 256 },
  endpoints: { failing: 3, failing_from: 20 },
  queue: { waiting: 10_000, limit: 10_000, under_way: 256, under_way_limit: 256 },
  breakers: [],
  paused_count: 3,
  paused: [
    { scope: "all", user_id: null, endpoint_id: null, reason: "the \u001b[31mdisk", since: "2026-03-01T03:07:30.000Z" },
    { scope: "user", user_id: 3, endpoint_id: null, reason: "floods ".repeat(20), since: "2026-03-01T03:11:30.000Z" },
  ],
  projections: [
    { name: "deliveries", live: true, lag_seconds: 42.7 },
    { name: "due-deliveries", live: false, lag_seconds: 0 },
    { name: "users", live: true, lag_seconds: 0.2 },
  ],
  log: { head: "00000000000003000001", bytes: 3_328_599_654 },
  read_models: { bytes: 1_288_490_188 },
  disk_free_bytes: 43_159_846_912,
  counted_seconds_ago: 4.2,
};

const QUIET: Overview = {
  ...NIGHT,
  oldest_due: null,
  paused_count: 0,
  paused: [],
  deliveries: { due: null, due_within_hour: null, held: null, under_way: null },
  endpoints: { failing: null, failing_from: 20 },
  queue: { waiting: 0, limit: 10_000, under_way: 0, under_way_limit: 256 },
  projections: [{ name: "users", live: true, lag_seconds: 0 }],
  log: { head: null, bytes: null },
  read_models: { bytes: null },
  disk_free_bytes: null,
  counted_seconds_ago: null,
};

describe("how a gateway is, for a person", () => {
  it("names the oldest due delivery, and has its numbers below each other", () => {
    expect(statusText(NIGHT, ADDRESS, plain)).toBe(`webhook-gateway 1.2.3 (4f1c2ab90d1e)
2026-03-01T03:12:00.000Z at http://127.0.0.1:8080, up for 3 h 12 min

Oldest due   0198f1a2-0000-7000-8000-000000000001
             due for 4 min, waits for a slot
             user 3, endpoint 7, 2 attempts so far: timeout
Deliveries   due now                  12,345
             due within the hour   1,013,001
             held                          7
             under way                   256
Queue        waiting in memory        10,000  of 10,000
             under way here              256  of 256
Endpoints    failing                       3  from 20 failed attempts in a row
             breakers open                 0
Paused       everything for 4 min: the \\u001b[31mdisk
             user 3 for 30 s: floods floods floods floods floods floods floods…
             and 1 more
Read models  deliveries, 42 s behind
             due-deliveries is not live
Disk         event log 3.1 GiB, read models 1.2 GiB, free 40.2 GiB
             position 00000000000003000001

Deliveries, failing endpoints and sizes were counted 4 s ago.
`);
  });

  it("says what is not known", () => {
    const text = statusText(QUIET, ADDRESS, plain);
    expect(text).toContain("\nOldest due   none\nDeliveries   due now                 unknown\n");
    expect(text).toContain("\nRead models  all live\n");
    expect(text).toContain("event log unknown, read models unknown, free unknown");
    expect(text).toMatch(/\nDeliveries, failing endpoints and sizes are being counted\.\n$/);
  });

  it("fits a terminal of 80 columns and 24 lines, and never speaks to it", () => {
    const name = fc.string({ unit: "binary", maxLength: 20 });
    fc.assert(
      fc.property(name, name, name, (version, waiting_for, last_error) => {
        const oldest_due = { ...NIGHT.oldest_due!, waiting_for, last_error };
        const night = { ...NIGHT, instance: { ...NIGHT.instance, version }, oldest_due };
        expect(obeyedByTerminals(statusText(night, ADDRESS, plain))).toEqual([]);
      }),
    );
    const lines = statusText(NIGHT, ADDRESS, plain).split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(80);
  });

  it("has looks that take no column", () => {
    const painted = statusText(NIGHT, ADDRESS, (_look, text) => `<${text}>`);
    expect(painted.replaceAll(/[<>]/g, "").replaceAll(/ +$/gm, "")).toBe(statusText(NIGHT, ADDRESS, plain));
  });
});

describe("a time that passed", () => {
  it.each([
    [-1, "0 s"],
    [0.9, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3_599, "59 min"],
    [3_600, "1 h"],
    [11_520, "3 h 12 min"],
    [86_399, "23 h 59 min"],
    [86_400, "1 d"],
    [442_800, "5 d 3 h"],
  ])("of %s s is %s", (seconds, text) => {
    expect(lasted(seconds)).toBe(text);
  });
});
