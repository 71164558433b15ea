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

/** The parts of a log that an export needs. */
export type ExportedLog = Pick<EventStore, "readAll" | "idAt">;

/** The progress of an export: of a new one, or of an unfinished one. */
export interface ExportProgress {
  readonly header: ExportHeader;
  /** That of the events written. */
  readonly digest: LogDigest;
  /** The position of the last event written; null if there is none. */
  readonly position: Position | null;
  /** The length of the complete lines in the unfinished export, in bytes; 0 for a new one. */
  readonly bytes: number;
}

/** The approximate size of a piece, in bytes. Small pieces are slow, because each write is a task of its own. */
const PIECE = 256 * 1024;
/** Extra room for the line that fills a piece. */
const LONGEST_USUAL_LINE = 16 * 1024;

/**
 * Begins an export of the events after a position (null: of all).
 *
 * @throws TransferRefused when there is no event at this position
 */
export async function beginExport(log: ExportedLog, after: Position | null): Promise<ExportProgress> {
  return { header: await headerFor(log, after), digest: new LogDigest(), position: null, bytes: 0 };
}

/**
 * Resumes an interrupted export. Reads its lines again, because the digest covers all of them.
 *
 * @param unfinished what was written so far; a partial line or a footer will be overwritten
 * @throws TransferRefused when it is not an export of this log after this position, or was changed
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
      throw new TransferRefused("the unfinished export begins elsewhere: use the same --after, or omit --resume");
    }
    bytes = line.end;
  }
  if (last !== null && (await log.idAt(last.position)) !== last.id) {
    throw new TransferRefused("the unfinished export is not of this log: omit --resume to start over");
  }
  return { header, digest, position: last?.position ?? null, bytes };
}

/**
 * The remaining bytes of an export, up to the log's head when it begins. Holds one page of the log and one piece at a
 * time. Two exports of the same events have the same bytes.
 *
 * @param onProgress called for every event with the number of events written and the position of the last
 * @returns the footer
 * @throws UnreadableEvent for an event that an import would refuse, and what the log throws
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

/** A server's log may contain other programs' events: better detected now than at the import. */
function rejectNonObjects(event: RecordedEvent): void {
  for (const part of ["data", "metadata"] as const) {
    if (typeof event[part] !== "object" || event[part] === null) {
      throw new UnreadableEvent(event, `its ${part} is not a JSON object`);
    }
  }
}
