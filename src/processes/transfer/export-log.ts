import { writtenEvent } from "../../events/store/event-line.ts";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import { footerLine, headerLine } from "./export-format.ts";
import type { ExportFooter, ExportHeader } from "./export-format.ts";
import { exportLines } from "./export-lines.ts";
import { LogDigest } from "./log-digest.ts";
import { TextBytes } from "./text-bytes.ts";
import { TransferRefused } from "./transfer-refused.ts";

/** What of a log an export needs. */
export type ExportedLog = Pick<EventStore, "readAll" | "idAt">;

/** How far an export has come: what a new one begins with, or what an unfinished one has already. */
export interface ExportProgress {
  readonly header: ExportHeader;
  /** Of the events that were written. */
  readonly digest: LogDigest;
  /** The position of the last event that was written; null when there is none. */
  readonly position: Position | null;
  /** How many bytes of the unfinished export are whole lines to continue after; 0 for a new one. */
  readonly bytes: number;
}

/** Bytes are handed on in pieces of about this size: small ones are written slowly, since each write is a task of its own. */
const PIECE = 256 * 1024;
/** Room after a piece for the line that fills it. */
const LONGEST_USUAL_LINE = 16 * 1024;

/**
 * Begins an export of what comes after a position (null: of all).
 *
 * @throws TransferRefused when there is no event at this position
 */
export async function beginExport(log: ExportedLog, after: Position | null): Promise<ExportProgress> {
  return { header: await headerFor(log, after), digest: new LogDigest(), position: null, bytes: 0 };
}

/**
 * Goes on with an export that was broken off. Its lines are read again, since the digest is over all of them.
 *
 * @param unfinished what was written so far; a line that is only begun, or a footer, is to be written over
 * @throws TransferRefused when it is not one of this log after this position, or was changed
 */
export async function resumeExport(
  log: ExportedLog,
  after: Position | null,
  unfinished: AsyncIterable<Uint8Array>,
): Promise<ExportProgress> {
  const header = await headerFor(log, after);
  const digest = new LogDigest();
  let last: RecordedEvent | null = null;
  let bytes = 0;
  for await (const line of exportLines(unfinished)) {
    if (line.kind === "footer") break;
    if (line.kind === "event") {
      digest.add(line.leaf);
      last = line.event;
    } else if (headerLine(line.header) !== headerLine(header)) {
      throw new TransferRefused("the unfinished export begins elsewhere: say the same --after, or leave --resume out");
    }
    bytes = line.end;
  }
  if (last !== null && (await log.idAt(last.position)) !== last.id) {
    throw new TransferRefused("the unfinished export is not of this log: leave --resume out to begin anew");
  }
  return { header, digest, position: last?.position ?? null, bytes };
}

/**
 * The bytes of an export after what there is of it, up to the end that the log has when it begins. One page of the log
 * and one piece are held at a time. Two exports of the same events give the same bytes.
 *
 * @param onProgress is called for every event with how many are written and the position of the last
 * @returns the footer
 * @throws UnreadableEvent for an event that an import could not take, and whatever the log throws
 */
export async function* exportLog(
  log: ExportedLog,
  progress: ExportProgress,
  onProgress: (events: number, position: Position) => void = () => undefined,
): AsyncGenerator<Uint8Array, ExportFooter> {
  const { header, digest } = progress;
  let { position } = progress;
  const piece = new TextBytes(PIECE + LONGEST_USUAL_LINE);
  if (progress.bytes === 0) piece.add(`${headerLine(header)}\n`);
  for await (const event of log.readAll({ after: position ?? header.after?.position ?? null })) {
    rejectNonObjects(event);
    const { leaf, line } = writtenEvent(event);
    digest.add(leaf);
    position = event.position;
    piece.add(line);
    piece.add("\n");
    onProgress(digest.events, position);
    if (piece.length >= PIECE) yield piece.take();
  }
  const footer = { events: digest.events, sha256: digest.sha256(), position };
  piece.add(`${footerLine(footer)}\n`);
  yield piece.take();
  return footer;
}

async function headerFor(log: ExportedLog, after: Position | null): Promise<ExportHeader> {
  if (after === null) return { after: null };
  const id = await log.idAt(after);
  if (id === null) throw new TransferRefused(`there is no event at position ${after} of this log`);
  return { after: { id, position: after } };
}

/** A server's log may hold what others wrote there: better found now than when it is imported. */
function rejectNonObjects(event: RecordedEvent): void {
  for (const part of ["data", "metadata"] as const) {
    if (typeof event[part] !== "object" || event[part] === null) {
      throw new UnreadableEvent(event, `its ${part} is not a JSON object`);
    }
  }
}
