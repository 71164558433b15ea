import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { token } from "../runtime/token.ts";
import { LIVE_GAUGES } from "./live-gauges.ts";
import type { LiveFigures, LiveGauge } from "./live-gauges.ts";

/** The token under which the container registers the metrics. */
export const METRICS = token<Metrics>("Metrics");

/** The outcome of a dispatch; docs/operations/metrics.md explains each. */
export const DISPATCH_STATUSES = ["accepted", "replayed", "refused", "unavailable", "failed"] as const;
export type DispatchStatus = (typeof DISPATCH_STATUSES)[number];
/** The outcome of an append; on the same page. */
export const APPEND_OUTCOMES = ["written", "conflict", "rejected", "unavailable", "unknown"] as const;
export type AppendOutcome = (typeof APPEND_OUTCOMES)[number];

/** In seconds: a commit to a local disk takes a few milliseconds, a quorum some tens. */
const APPEND_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** In seconds: a nearby receiver takes milliseconds; the default time-out is 15 s. */
const ATTEMPT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];

/**
 * The metrics of one gateway, in their own registry. No label has a value that clients choose, so the number of series
 * is bounded. Labels used for a dispatch are looked up once, here.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #dispatches: Record<DispatchStatus, Counter.Internal>;
  readonly #appends: Record<AppendOutcome, Histogram.Internal<"outcome">>;
  readonly #attempts: Counter<"outcome" | "error_code">;
  readonly #unknown: Counter;
  readonly #durations: Histogram<"outcome">;
  readonly #followers: Gauge;
  readonly #droppedLines: Counter;
  #refresh: () => Promise<void> = () => Promise.resolve();

  /** `process`: include CPU, memory, garbage collection and the like, which belong to the process, not the gateway. */
  constructor(options: { readonly process?: boolean } = {}) {
    const registers = [this.#registry];
    const dispatches = new Counter({
      name: "webhook_dispatches_total",
      help: "Requests to dispatch a payload or to test an endpoint that were answered, by outcome.",
      labelNames: ["status"],
      registers,
    });
    // Every child exists from the start, so that rates include the first event.
    this.#dispatches = recordOf(DISPATCH_STATUSES, (status) => {
      dispatches.inc({ status }, 0);
      return dispatches.labels({ status });
    });
    this.#attempts = new Counter({
      name: "webhook_attempts_total",
      help: "Attempts that ended, by outcome and error code.",
      labelNames: ["outcome", "error_code"],
      registers,
    });
    this.#unknown = new Counter({
      name: "webhook_attempts_unknown_total",
      help: "Attempts whose outcome nobody knows: the payload may have arrived, and is sent again.",
      registers,
    });
    this.#followers = new Gauge({
      name: "webhook_log_followers",
      help: "Clients that follow the event log over HTTP.",
      registers,
    });
    this.#durations = new Histogram({
      name: "webhook_attempt_duration_seconds",
      help: "How long attempts took, from the connection to the end of the answer.",
      labelNames: ["outcome"],
      buckets: ATTEMPT_BUCKETS,
      registers,
    });
    const appends = new Histogram({
      name: "webhook_append_duration_seconds",
      help: "How long the event log took to answer an append, including the wait in its queue.",
      labelNames: ["outcome"],
      buckets: APPEND_BUCKETS,
      registers,
    });
    this.#appends = recordOf(APPEND_OUTCOMES, (outcome) => {
      appends.zero({ outcome });
      return appends.labels({ outcome });
    });
    this.#droppedLines = new Counter({
      name: "webhook_log_lines_dropped_total",
      help: "Lines of the program's own log that standard output did not take.",
      registers,
    });
    if (options.process === true) collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  async text(): Promise<string> {
    await this.#refresh();
    return this.#registry.metrics();
  }

  /** Counts an answered dispatch. */
  dispatched(status: DispatchStatus): void {
    this.#dispatches[status].inc();
  }

  /** Records an append, answered after this many ms. */
  appended(outcome: AppendOutcome, durationMs: number): void {
    this.#appends[outcome].observe(durationMs / 1_000);
  }

  /**
   * Records an ended attempt.
   *
   * @param outcome one of a fixed few
   * @param errorCode one of a fixed few, or null if there is none
   * @param durationMs how long it took; null if unknown
   */
  attempted(outcome: string, errorCode: string | null, durationMs: number | null): void {
    this.#attempts.inc({ outcome, error_code: errorCode ?? "none" });
    if (outcome === "unknown") this.#unknown.inc();
    if (durationMs !== null) this.#durations.observe({ outcome }, durationMs / 1_000);
  }

  /** So many clients follow the log now. */
  followed(count: number): void {
    this.#followers.set(count);
  }

  /** Counts a line of the program's own log that was dropped. */
  logLineDropped(): void {
    this.#droppedLines.inc();
  }

  /** Adds these figures, read at each scrape. Call it once. */
  show(figures: LiveFigures): void {
    this.#refresh = () => figures.refresh();
    const registers = [this.#registry];
    new Gauge({
      name: "webhook_build_info",
      help: "Always 1; its labels say what the program was built from.",
      labelNames: ["version", "revision"],
      registers,
    }).set(figures.build, 1);
    for (const gauge of LIVE_GAUGES) this.#live(gauge, figures);
    this.#labelled("webhook_pauses", "The pauses in force, by scope.", "scope", () => Object.entries(figures.pauses()));
    this.#labelled(
      "webhook_projection_lag_seconds",
      "How long the log has had an event that the read model does not show; 0 if it shows all.",
      "projection",
      () => figures.projections().map(({ name, lagSeconds }) => [name, lagSeconds]),
    );
    this.#labelled(
      "webhook_projection_live",
      "1 when the read model has reached the log's end and follows it, 0 while it is being built or has stopped.",
      "projection",
      () => figures.projections().map(({ name, live }) => [name, live ? 1 : 0]),
    );
  }

  #live(gauge: LiveGauge, figures: LiveFigures): void {
    new Gauge({
      name: gauge.name,
      help: gauge.help,
      registers: [this.#registry],
      collect() {
        this.set(gauge.read(figures) ?? Number.NaN);
      },
    });
  }

  /** `read` gives the values of the label, and a figure for each. */
  #labelled(name: string, help: string, label: string, read: () => (readonly [of: string, figure: number])[]): void {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [of, figure] of read()) this.set({ [label]: of }, figure);
      },
    });
  }
}

function recordOf<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V): Record<K, V> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<K, V>;
}
