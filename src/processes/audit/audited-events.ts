import { leafText } from "../../events/store/event-line.ts";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import { numberOf } from "../../events/store/position.ts";
import { leafHash } from "../../projections/audit-tree/merkle-tree.ts";
import type { Hash } from "../../projections/audit-tree/merkle-tree.ts";
import { finishedExportLines } from "../transfer/export-lines.ts";
import { AuditRefused } from "./audit-refused.ts";

/** Where an event is, or was. Unknown parts are null. */
export interface EventPlace {
  /** Null when the event cannot be read. */
  readonly id: string | null;
  readonly stream: string;
  readonly revision: number;
  readonly type: string | null;
  /** In its log. */
  readonly position: string | null;
  /** In its export, from 1. */
  readonly line: number | null;
}

/** An event for the audit tree: the hash of its leaf, and its place for messages. */
export interface AuditedEvent extends EventPlace {
  readonly id: string;
  readonly hash: Hash;
  /** The progress up to this event, from 0 to 1; null when unknown. */
  readonly fraction: number | null;
}

/** The events of a log in order, up to the log's head at the beginning. Throws what the log throws. */
export async function* eventsOfLog(log: Pick<EventStore, "readAll" | "head">): AsyncGenerator<AuditedEvent> {
  const head = Number(await log.head());
  for await (const event of log.readAll()) {
    // Positions need not be evenly spread, but nothing better shows the progress.
    yield auditedEvent(event, leafText(event), null, Number(event.position) / head);
  }
}

/**
 * The events of a whole export in order.
 *
 * @param bytes the size of the export; null when unknown
 * @throws TransferRefused when it is damaged, AuditRefused when it does not begin with the log's first event
 */
export async function* eventsOfExport(
  chunks: AsyncIterable<Uint8Array>,
  bytes: number | null,
): AsyncGenerator<AuditedEvent> {
  for await (const line of finishedExportLines(chunks)) {
    if (line.kind === "event") {
      yield auditedEvent(line.event, line.leaf, line.number, bytes === null ? null : line.end / bytes);
    } else if (line.kind === "header" && line.header.after !== null) {
      throw new AuditRefused(`it begins after the event ${line.header.after.id}: take an export of the whole log`);
    }
  }
}

function auditedEvent(event: RecordedEvent, leaf: string, line: number | null, fraction: number | null): AuditedEvent {
  const { id, stream, type, position } = event;
  return { hash: leafHash(leaf), id, stream, revision: numberOf(event.revision), type, position, line, fraction };
}
