import type { Overview, OverviewDelivery } from "./gateway-api.ts";
import type { Paint } from "./replay-text.ts";
import { COLUMNS, cutTo, escaped } from "./terminal-text.ts";

const HEADING_WIDTH = 13;
const LABEL_WIDTH = 20;
const NUMBER_WIDTH = 11;
/** From how far behind a projection is named, in seconds: less is the rest between two readings of the log. */
const BEHIND_SECONDS = 1;

/** How many pauses are named: all of it has to fit into 24 lines. */
const MAX_PAUSES = 2;

const WAITS: Readonly<Record<string, string>> = {
  due_time: "waits for its due time",
  endpoint_disabled: "its endpoint is disabled",
  slot: "waits for a slot",
  paused: "is paused",
};

/**
 * How a gateway is, for a person, in lines of at most 80 columns.
 *
 * @param address where it was asked
 */
export function statusText(overview: Overview, address: string, paint: Paint): string {
  const { instance, deliveries, queue, endpoints, log, read_models, disk_free_bytes } = overview;
  const lines = [
    paint("bold", `webhook-gateway ${escaped(instance.version)} (${escaped(instance.revision.slice(0, 12))})`),
    paint("dim", `${escaped(overview.time)} at ${escaped(address)}, up for ${lasted(instance.uptime_seconds)}`),
    "",
    ...section("Oldest due", oldestDue(overview.oldest_due, overview.time)),
    ...section("Deliveries", [
      figure("due now", deliveries.due),
      figure("due within the hour", deliveries.due_within_hour),
      figure("held", deliveries.held),
      figure("under way", deliveries.under_way),
    ]),
    ...section("Queue", [
      figure("waiting in memory", queue.waiting, `of ${grouped(queue.limit)}`),
      figure("under way here", queue.under_way, `of ${grouped(queue.under_way_limit)}`),
    ]),
    ...section("Endpoints", [
      figure("failing", endpoints.failing, `from ${grouped(endpoints.failing_from)} failed attempts in a row`),
      figure("breakers open", overview.breakers.length),
    ]),
    ...section("Paused", paused(overview)),
    ...section("Read models", readModels(overview.projections)),
    ...section("Disk", [
      `event log ${size(log.bytes)}, read models ${size(read_models.bytes)}, free ${size(disk_free_bytes)}`,
      `position ${log.head === null ? "unknown" : escaped(log.head)}`,
    ]),
    "",
    paint("dim", countedText(overview.counted_seconds_ago)),
  ];
  return `${lines.join("\n")}\n`;

  function section(heading: string, content: readonly string[]): string[] {
    return content.map((line, index) => {
      const start = (index === 0 ? heading : "").padEnd(HEADING_WIDTH);
      return index === 0 ? paint("bold", start) + line : start + line;
    });
  }

  function figure(label: string, value: number | null, more = ""): string {
    const number = (value === null ? "unknown" : grouped(value)).padStart(NUMBER_WIDTH);
    return `${label.padEnd(LABEL_WIDTH)}${number}${more === "" ? "" : `  ${paint("dim", more)}`}`;
  }
}

function oldestDue(delivery: OverviewDelivery | null, time: string): string[] {
  if (delivery === null) return ["none"];
  const { id, user_id, endpoint_id, due_at, waiting_for, since, attempts, last_error } = delivery;
  const age = lasted((Date.parse(time) - Date.parse(due_at ?? since)) / 1_000);
  const waits = waiting_for === null ? "under way" : (WAITS[waiting_for] ?? `waits for ${escaped(waiting_for)}`);
  const tried = `${grouped(attempts)} attempt${attempts === 1 ? "" : "s"} so far`;
  return [
    escaped(id),
    `due for ${age}, ${waits}`,
    `user ${user_id ?? "unknown"}, endpoint ${endpoint_id}, ${tried}${last_error === null ? "" : `: ${escaped(last_error)}`}`,
  ];
}

function paused({ paused_count: count, paused: named, time }: Overview): string[] {
  if (count === 0) return ["nothing"];
  const lines = named.slice(0, MAX_PAUSES).map(({ scope, user_id, endpoint_id, since, reason }) => {
    const what = scope === "all" ? "everything" : `${scope} ${user_id ?? endpoint_id ?? ""}`;
    const age = lasted((Date.parse(time) - Date.parse(since)) / 1_000);
    return cutTo(COLUMNS - HEADING_WIDTH, `${what} for ${age}: ${reason}`);
  });
  return count > lines.length ? [...lines, `and ${grouped(count - lines.length)} more`] : lines;
}

function readModels(projections: Overview["projections"]): string[] {
  const behind = projections.filter(({ live, lag_seconds }) => !live || lag_seconds >= BEHIND_SECONDS);
  if (behind.length === 0) return ["all live"];
  return behind.map(
    ({ name, live, lag_seconds }) =>
      `${escaped(name)}${live ? "" : " is not live"}${lag_seconds > 0 ? `, ${lasted(lag_seconds)} behind` : ""}`,
  );
}

function countedText(seconds: number | null): string {
  if (seconds === null) return "Deliveries, failing endpoints and sizes are being counted.";
  return `Deliveries, failing endpoints and sizes were counted ${lasted(seconds)} ago.`;
}

/** A time that passed, in the two largest units that say something: `12 s`, `4 min`, `3 h 12 min`, `5 d 3 h`. */
export function lasted(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, hours, days] = [Math.floor(whole / 60), Math.floor(whole / 3_600), Math.floor(whole / 86_400)];
  if (minutes === 0) return `${whole} s`;
  if (hours === 0) return `${minutes} min`;
  if (days === 0) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${grouped(days)} d` : `${grouped(days)} d ${hours % 24} h`;
}

function size(bytes: number | null): string {
  if (bytes === null) return "unknown";
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1_024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power] ?? ""}`;
}

function grouped(number: number): string {
  return number.toLocaleString("en-US");
}
