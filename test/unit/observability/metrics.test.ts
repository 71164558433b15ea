import { describe, expect, it } from "vitest";
import { Metrics } from "../../../src/observability/metrics.ts";
import type { LiveFigures } from "../../../src/observability/live-gauges.ts";
import { figure, figureNames } from "../../fixtures/prometheus.ts";

const SAMPLE = {
  eventLogBytes: null,
  readModelsBytes: null,
  diskFreeBytes: null,
  endpointsFailing: null,
  deliveriesHeld: null,
  deliveriesDue: null,
  deliveriesDueWithinHour: null,
};

const QUIET: LiveFigures = {
  build: { version: "1.2.3", revision: "4f1c" },
  load: () => ({ waiting: 0, underWay: 0 }),
  appendsUnderWay: () => 0,
  lastScan: () => null,
  armed: () => 0,
  projections: () => [],
  ready: () => true,
  pauses: () => ({ all: 0, user: 0, endpoint: 0 }),
  sample: () => SAMPLE,
  sampleAge: () => null,
  refresh: async () => undefined,
};

describe("the metrics", () => {
  it("have every figure of the hot path from the start, so that a first event is seen as an increase", async () => {
    const names = figureNames(await new Metrics().text());
    for (const status of ["accepted", "replayed", "refused", "unavailable", "failed"]) {
      expect(names).toContain(`webhook_dispatches_total{status="${status}"}`);
    }
    for (const outcome of ["written", "conflict", "rejected", "unavailable", "unknown"]) {
      expect(names).toContain(`webhook_append_duration_seconds_count{outcome="${outcome}"}`);
    }
    expect(names).toEqual(expect.arrayContaining(["webhook_attempts_unknown_total", "webhook_log_followers"]));
  });

  it("count dispatches, attempts and appends", async () => {
    const metrics = new Metrics();
    for (let n = 0; n < 3; n++) metrics.dispatched("accepted");
    metrics.dispatched("unavailable");
    metrics.attempted("delivered", null, 120);
    metrics.attempted("failed", "timeout", 15_000);
    metrics.attempted("failed", "timeout", 15_000);
    metrics.attempted("unknown", null, null);
    metrics.followed(3);
    metrics.followed(2);
    metrics.appended("written", 2);
    const text = await metrics.text();
    const expected = {
      'webhook_dispatches_total{status="accepted"}': 3,
      'webhook_dispatches_total{status="unavailable"}': 1,
      'webhook_dispatches_total{status="replayed"}': 0,
      'webhook_attempts_total{outcome="delivered",error_code="none"}': 1,
      'webhook_attempts_total{outcome="failed",error_code="timeout"}': 2,
      'webhook_attempts_total{outcome="unknown",error_code="none"}': 1,
      webhook_attempts_unknown_total: 1,
      webhook_log_followers: 2,
      'webhook_attempt_duration_seconds_sum{outcome="failed"}': 30,
      'webhook_attempt_duration_seconds_bucket{le="0.1",outcome="delivered"}': 0,
      'webhook_attempt_duration_seconds_bucket{le="0.25",outcome="delivered"}': 1,
      'webhook_append_duration_seconds_bucket{le="0.001",outcome="written"}': 0,
      'webhook_append_duration_seconds_bucket{le="0.0025",outcome="written"}': 1,
    };
    const got = Object.fromEntries(Object.keys(expected).map((name) => [name, figure(text, name)]));
    expect(got).toEqual(expected);
    expect(text).not.toContain('webhook_attempt_duration_seconds_count{outcome="unknown"}');
  });

  it("are read at each scrape where they say how things stand", async () => {
    const metrics = new Metrics();
    let now: LiveFigures = QUIET;
    metrics.show({
      ...QUIET,
      load: () => now.load(),
      appendsUnderWay: () => now.appendsUnderWay(),
      lastScan: () => now.lastScan(),
      armed: () => now.armed(),
      projections: () => now.projections(),
      ready: () => now.ready(),
      pauses: () => now.pauses(),
      sample: () => now.sample(),
      refresh: () => now.refresh(),
    });
    const before = await metrics.text();
    expect(figure(before, "webhook_ready")).toBe(1);
    expect(figure(before, "webhook_due_oldest_age_seconds")).toBeNaN();
    expect(figure(before, "webhook_disk_free_bytes")).toBeNaN();
    expect(figure(before, 'webhook_build_info{version="1.2.3",revision="4f1c"}')).toBe(1);
    let sample = SAMPLE as ReturnType<LiveFigures["sample"]>;
    now = {
      ...QUIET,
      load: () => ({ waiting: 7, underWay: 5 }),
      appendsUnderWay: () => 3,
      lastScan: () => ({ secondsAgo: 12, oldestDueSeconds: 90.5 }),
      armed: () => 4,
      projections: () => [
        { name: "deliveries", live: false, lagSeconds: 2.5 },
        { name: "users", live: true, lagSeconds: 0 },
      ],
      ready: () => false,
      pauses: () => ({ all: 1, user: 0, endpoint: 12 }),
      sample: () => sample,
      // Before the figures are read.
      refresh: async () => {
        sample = { ...SAMPLE, eventLogBytes: 4_096, readModelsBytes: 8_192, diskFreeBytes: 1e9, endpointsFailing: 2 };
        sample = { ...sample, deliveriesHeld: 3, deliveriesDueWithinHour: 11 };
      },
    };
    const text = await metrics.text();
    const expected = {
      webhook_queue_waiting: 7,
      webhook_attempts_under_way: 5,
      webhook_appends_under_way: 3,
      webhook_due_oldest_age_seconds: 90.5,
      webhook_due_look_age_seconds: 12,
      webhook_retries_armed: 4,
      'webhook_projection_lag_seconds{projection="deliveries"}': 2.5,
      'webhook_projection_live{projection="deliveries"}': 0,
      'webhook_projection_live{projection="users"}': 1,
      'webhook_pauses{scope="all"}': 1,
      'webhook_pauses{scope="user"}': 0,
      'webhook_pauses{scope="endpoint"}': 12,
      webhook_ready: 0,
      webhook_event_log_bytes: 4_096,
      webhook_read_models_bytes: 8_192,
      webhook_disk_free_bytes: 1e9,
      webhook_endpoints_failing: 2,
      webhook_deliveries_held: 3,
      webhook_deliveries_due_within_hour: 11,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, figure(text, name)]))).toEqual(expected);
    now = QUIET;
    expect(await metrics.text()).not.toContain('projection="deliveries"');
  });

  it("of two gateways in one process are apart, and the process's own come only where they are wanted", async () => {
    const [one, other] = [new Metrics({ process: true }), new Metrics()];
    one.dispatched("accepted");
    expect(figure(await other.text(), 'webhook_dispatches_total{status="accepted"}')).toBe(0);
    expect(await one.text()).toContain("process_cpu_seconds_total ");
    expect(await other.text()).not.toContain("process_");
  });
});
