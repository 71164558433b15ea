import type { DeliveryDocument } from "../projections/deliveries.ts";
import type { Paint } from "./replay-text.ts";
import { COLUMNS, cutTo, escaped } from "./terminal-text.ts";

/** What a list shows of a delivery. */
export type ListedDelivery = Pick<
  DeliveryDocument,
  "_id" | "created_at" | "status" | "endpoint_id" | "attempts" | "reference"
>;

/** From this width on, in columns, a line has room for the whole time and for a reference. */
const WIDE = 100;

/** The longest status. */
const STATUS_WIDTH = "CANCELED".length;

/**
 * One line for each delivery: id, time of acceptance, status, endpoint, attempts and, if there is one, reference.
 *
 * @param terminal where they are shown to a person, who chooses by the number at the beginning; what does not fit into
 *   its columns is cut. Null: for a program, whole and without numbers
 */
export function deliveryLines(
  deliveries: readonly ListedDelivery[],
  terminal: { readonly columns: number; readonly paint: Paint } | null,
): string[] {
  const width = (texts: readonly unknown[]): number => Math.max(0, ...texts.map((text) => String(text).length));
  const endpointWidth = width(deliveries.map(({ endpoint_id }) => endpoint_id));
  const attemptsWidth = width(deliveries.map(({ attempts }) => attempts));
  const numberWidth = String(deliveries.length).length;
  return deliveries.map(({ _id, created_at, status, endpoint_id, attempts, reference }, index) => {
    const time = terminal !== null && terminal.columns < WIDE ? toTheMinute(created_at) : created_at;
    const endpoint = String(endpoint_id).padStart(endpointWidth);
    const line = `${_id} ${time} ${status.padEnd(STATUS_WIDTH)} ${endpoint} ${String(attempts).padStart(attemptsWidth)}`;
    if (terminal === null) return reference === null ? line : `${line} ${escaped(reference)}`;
    const number = String(index + 1).padStart(numberWidth);
    const left = terminal.columns - number.length - line.length - 2;
    const named = reference === null || left < 1 ? "" : ` ${cutTo(left, reference)}`;
    return `${terminal.paint("dim", number)} ${line}${named}`;
  });
}

/** What comes before the lines in a terminal. */
export function deliveryHeading(username: string, paint: Paint): string[] {
  const fields = "id, time of acceptance (UTC), status, endpoint, attempts, reference";
  return [paint("bold", `deliveries of ${username}, newest first`), paint("dim", fields)];
}

/**
 * What a list leaves out, in one line, and how to see it. The time that it names is one millisecond after the newest of
 * them, since `--to` leaves out what was accepted at its own time.
 *
 * @param more those that were counted, the newest first; at least one
 * @param counted whether these are all
 */
export function moreLine(more: readonly ListedDelivery[], counted: boolean): string {
  const to = new Date(Date.parse(more[0]?.created_at ?? "") + 1).toISOString();
  return `${counted ? "" : "at least "}${more.length} more: go on with --to ${to}, or raise --limit`;
}

/** `2026-01-31 12:00` */
function toTheMinute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}

/** How many columns a terminal has; some do not say. */
export function columnsOfTerminal({ columns }: { readonly columns?: number }): number {
  return columns === undefined || columns < 1 ? COLUMNS : columns;
}
