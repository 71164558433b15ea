import { writtenEvent } from "../../../../src/events/store/event-line.ts";
import type { RecordedEvent } from "../../../../src/events/store/event-store.ts";
import { revisionOf } from "../../../../src/events/store/position.ts";
import { positionOf } from "../../../../src/events/store/position.ts";
import { eventsOfLog } from "../../../../src/processes/audit/audited-events.ts";
import type { AuditedEvent } from "../../../../src/processes/audit/audited-events.ts";
import { leavesOfExport, leavesOfTree } from "../../../../src/processes/audit/trusted-leaves.ts";
import type { TrustedLeaves } from "../../../../src/processes/audit/trusted-leaves.ts";
import { footerLine, headerLine } from "../../../../src/processes/transfer/export-format.ts";
import { LogDigest } from "../../../../src/processes/transfer/log-digest.ts";
import { auditTree } from "../../../../src/projections/audit-tree/audit-tree.ts";
import { inPieces } from "../../../fixtures/event-log/transferred-logs.ts";
import { batchesOf, filled } from "../../../specification/projection.ts";

/** What somebody may do to a log who can write to its store. */
export type Tampering = (log: readonly RecordedEvent[]) => RecordedEvent[];

/** Puts the events where they stand in the list, as somebody would who leaves no gap. */
function placed(log: readonly RecordedEvent[]): RecordedEvent[] {
  return log.map((event, index) => ({ ...event, position: positionOf(index + 1) }));
}

/** Changes the data of the event at `at`. */
export function changed(at: number): Tampering {
  return (log) =>
    log.map((event, index) => (index === at ? { ...event, data: { ...(event.data as object), more: 1 } } : event));
}

/** Removes the event at `at`. */
export function removed(at: number): Tampering {
  return (log) => placed(log.toSpliced(at, 1));
}

/** Swaps two events. */
export function swapped(at: number, other: number): Tampering {
  return (log) => placed(log.with(at, log[other]!).with(other, log[at]!));
}

/** Puts another event before the one at `at`. */
export function inserted(at: number): Tampering {
  return (log) => placed(log.toSpliced(at, 0, foreign(log)));
}

/** Puts another event in the place of the one at `at`. */
export function replaced(at: number): Tampering {
  return (log) => placed(log.with(at, foreign(log)));
}

/** Keeps only the first `size` events. */
export function cutTo(size: number): Tampering {
  return (log) => log.slice(0, size);
}

function foreign(log: readonly RecordedEvent[]): RecordedEvent {
  return { ...log[0]!, id: "99999999-9999-4999-8999-999999999999", stream: "user-99", revision: revisionOf(0) };
}

/** The events of a log that has just these, or the error at the place of one that is an error. */
export function auditedEvents(log: readonly (RecordedEvent | Error)[]): AsyncIterable<AuditedEvent> {
  return eventsOfLog({
    head: () => Promise.resolve(positionOf(log.length)),
    readAll: async function* () {
      for (const event of log) {
        if (event instanceof Error) throw event;
        yield event;
      }
    },
  });
}

/** The export of these events, as somebody writes one who knows how: its digest is right. */
export function exportWith(log: readonly RecordedEvent[]): string {
  const digest = new LogDigest();
  const lines = log.map((event) => {
    const { leaf, line } = writtenEvent(event);
    digest.add(leaf);
    return line;
  });
  const footer = { events: digest.events, sha256: digest.sha256(), position: log.at(-1)?.position ?? null };
  return [headerLine({ after: null }), ...lines, footerLine(footer), ""].join("\n");
}

/** The lists of leaves that somebody may have of this log. */
export const LISTS: Readonly<Record<string, (log: readonly RecordedEvent[]) => Promise<TrustedLeaves>>> = {
  "the stored tree": async (log) => leavesOfTree(await filled(auditTree, batchesOf(log, 1_000))),
  "an older export": async (log) => leavesOfExport("old.ndjson", () => inPieces(exportWith(log), 10_000)),
};
