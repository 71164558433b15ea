import { token } from "../runtime/token.ts";

/** The token under which the container registers the live figures. */
export const LIVE_FIGURES = token<LiveFigures>("LiveFigures");

/** What is read from the disk and the read models now and then; null: unknown, or not here. */
export interface Sample {
  /** The sizes of the files, those that SQLite keeps beside them included. */
  readonly eventLogBytes: number | null;
  readonly readModelsBytes: number | null;
  /** What the disk of the data folder still has for this user. */
  readonly diskFreeBytes: number | null;
  /** Endpoints with as many failed attempts in a row as count as failing. */
  readonly endpointsFailing: number | null;
  readonly deliveriesHeld: number | null;
  /** Deliveries that are overdue. */
  readonly deliveriesDue: number | null;
  /** Deliveries that are due within an hour, overdue ones included. */
  readonly deliveriesDueWithinHour: number | null;
}

/** The figures read from memory at each scrape. They must not call a store or walk a growing list. */
export interface LiveFigures {
  /** What this program was built from. */
  readonly build: { readonly version: string; readonly revision: string };
  /** Deliveries that wait in memory for their attempt, and attempts under way. */
  load(): { readonly waiting: number; readonly underWay: number };
  /** Appends that the log has not answered yet. */
  appendsUnderWay(): number;
  /** The last scan of the to-do list; null before the first. */
  lastScan(): { readonly secondsAgo: number; readonly oldestDueSeconds: number } | null;
  /** Retries with a timer for their due time. */
  armed(): number;
  projections(): readonly { readonly name: string; readonly live: boolean; readonly lagSeconds: number }[];
  ready(): boolean;
  /** The pauses in force, by the kind of their scope. */
  pauses(): Readonly<Record<string, number>>;
  /** The last sample. */
  sample(): Sample;
  /** How old that is, in seconds; null before the first. */
  sampleAge(): number | null;
  /**
   * Takes a new sample, if the last one was long enough ago. Resolves after `patienceMs` at the latest (default 250), and
   * never rejects.
   */
  refresh(patienceMs?: number): Promise<void>;
}

/** A figure without labels. */
export interface LiveGauge {
  readonly name: string;
  readonly help: string;
  /** Null: unknown. */
  read(figures: LiveFigures): number | null;
}

/** The figures without labels; docs/operations/metrics.md explains each. */
export const LIVE_GAUGES: readonly LiveGauge[] = [
  gauge(
    "webhook_queue_waiting",
    "Deliveries that wait in memory for their attempt.",
    (figures) => figures.load().waiting,
  ),
  gauge("webhook_attempts_under_way", "Attempts under way.", (figures) => figures.load().underWay),
  gauge("webhook_appends_under_way", "Appends that the event log has not answered yet.", (figures) =>
    figures.appendsUnderWay(),
  ),
  gauge("webhook_retries_armed", "Retries that have a timer for their due time.", (figures) => figures.armed()),
  gauge(
    "webhook_due_oldest_age_seconds",
    "How long the oldest due delivery had been due at the last scan of the to-do list; 0 if none was.",
    (figures) => figures.lastScan()?.oldestDueSeconds ?? null,
  ),
  gauge(
    "webhook_due_look_age_seconds",
    "How long ago the last successful scan of the to-do list was.",
    (figures) => figures.lastScan()?.secondsAgo ?? null,
  ),
  gauge("webhook_ready", "1 when GET /readyz answers 200, else 0.", (figures) => (figures.ready() ? 1 : 0)),
  sampled("webhook_event_log_bytes", "The size of the embedded event log's files.", "eventLogBytes"),
  sampled("webhook_read_models_bytes", "The size of the embedded read models' files.", "readModelsBytes"),
  sampled("webhook_disk_free_bytes", "What the disk of the data folder still has for the gateway.", "diskFreeBytes"),
  sampled(
    "webhook_endpoints_failing",
    "Endpoints with ENDPOINT_FAILING_ATTEMPTS or more failed attempts in a row.",
    "endpointsFailing",
  ),
  sampled(
    "webhook_deliveries_held",
    "Deliveries that wait for their endpoint to be enabled, or for a pause to end.",
    "deliveriesHeld",
  ),
  sampled(
    "webhook_deliveries_due_within_hour",
    "Deliveries that fall due within an hour, overdue ones included.",
    "deliveriesDueWithinHour",
  ),
];

function gauge(name: string, help: string, read: LiveGauge["read"]): LiveGauge {
  return { name, help, read };
}

function sampled(name: string, help: string, field: keyof Sample): LiveGauge {
  return { name, help, read: (figures) => figures.sample()[field] };
}
