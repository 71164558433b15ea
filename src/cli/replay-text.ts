import type { AttemptEntry } from "../projections/deliveries.ts";
import { shownStep } from "../projections/history/history-steps.ts";
import type { HistoryStep } from "../projections/history/history-steps.ts";
import type { ShownDelivery } from "../projections/shown-delivery.ts";
import { wrapped } from "./terminal-text.ts";

/** Gives a text a look, or leaves it as it is. It adds no columns. */
export type Paint = (look: "bold" | "dim", text: string) => string;

/** A delivery's fields, and each of its attempts, as texts by their labels. */
type Flat = ReadonlyMap<string, string>;

/** What never changes once a delivery was requested; it is shown with its first event only. */
const FIXED = new Set(["id", "endpoint_id", "user_id", "created_at", "payload_bytes", "payload_sha256", "reference"]);

const LABEL_WIDTH = 20;

/**
 * One step of a delivery's history for a person: the event, what it changed, and the delivery after it, in lines of at
 * most 80 columns, followed by an empty line.
 */
export function stepText(step: HistoryStep, paint: Paint): string {
  const { revision, type, time, position, actor, correlation_id, causation_id, data } = shownStep(step);
  const [before, after] = [step.before && flat(step.before), flat(step.after)];
  const lasting = before === null ? after : new Map([...after].filter(([label]) => !FIXED.has(label)));
  const lines = [
    ...wrapped(`${revision}. `, type).map((line) => paint("bold", line)),
    // ADR 23
    ...fields(
      {
        recorded: `${time} (not proven by verify)`,
        position,
        actor,
        correlation: correlation_id,
        causation: causation_id,
      },
      2,
    ),
    ...section("what happened", fields(withoutId(data), 4)),
    ...section("what changed", before === null ? [] : changes(before, after)),
    ...section("the delivery after it", fields(Object.fromEntries(lasting), 4)),
  ];
  return `${lines.join("\n")}\n\n`;

  function section(title: string, content: readonly string[]): string[] {
    return content.length === 0 ? [] : [`  ${paint("dim", title)}`, ...content];
  }

  function changes(from: Flat, to: Flat): string[] {
    const labels = [...new Set([...from.keys(), ...to.keys()])].filter((label) => from.get(label) !== to.get(label));
    if (labels.length === 0) return [`    ${paint("dim", "nothing that is shown of the delivery")}`];
    return labels.flatMap((label) => field(label, `${from.get(label) ?? "none"} → ${to.get(label) ?? "none"}`, 4));
  }

  function fields(values: Readonly<Record<string, unknown>>, indent: number): string[] {
    return Object.entries(values).flatMap(([label, value]) => field(label, textOf(value), indent));
  }

  function field(label: string, text: string, indent: number): string[] {
    const first = `${" ".repeat(indent)}${label.padEnd(LABEL_WIDTH)}`;
    const [line = "", ...more] = wrapped(first, text);
    return [paint("dim", first) + line.slice(first.length), ...more];
  }
}

/** Whoever asks for a delivery knows its id. */
function withoutId(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(data).filter(([name]) => name !== "delivery_id"));
}

function flat(delivery: ShownDelivery): Flat {
  const { attempt_log, ...rest } = delivery;
  return new Map([
    ...Object.entries(rest).map(([label, value]) => [label, textOf(value)] as const),
    ...attempt_log.map((attempt, index) => [`attempt ${index + 1}`, attemptText(attempt)] as const),
  ]);
}

function attemptText({ round, outcome, response_status, error_code, duration_ms, connections }: AttemptEntry): string {
  const answer = [response_status, error_code].filter((part) => part !== null).join(" ");
  const parts = [outcome, ...(answer === "" ? [] : [answer]), `${duration_ms} ms`];
  if (connections > 1) parts.push(`${connections} connections`);
  return `${round > 1 ? `round ${round}: ` : ""}${parts.join(", ")}`;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}
