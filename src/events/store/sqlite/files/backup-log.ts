import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { positionOf } from "../../position.ts";
import type { Position } from "../../position.ts";
import { guestFile } from "../../../../runtime/guest-file.ts";
import type { GuestFile } from "../../../../runtime/guest-file.ts";
import { describeError, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { lastTaken } from "./data-directory.ts";
import { hasUnfinishedImport, importUnfinished, metaValue, unusable } from "./log-database.ts";
import { logPath } from "./log-file.ts";

/** Pages copied at a time: 1 MiB. Each piece is synced before the next. */
const PIECE_PAGES = 256;

/** The content of a backup. */
export interface LogBackup {
  readonly events: number;
  /** That of the last event; null for an empty log. */
  readonly position: Position | null;
  /** The random id of the log, shared by the log and its copies. */
  readonly logId: string;
}

/** The backup failed for a reason outside the log. The message is one line. */
export class BackupFailed extends Error {
  readonly code = "backup_failed";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackupFailed";
  }
}

export interface BackupOptions {
  /** Called after each piece with the copied fraction (0 to 1) and the number of events in the log. */
  readonly onProgress: (fraction: number, events: number) => void;
  /** Ends the copying with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Copies the log of a data directory, as of one moment, into a new file (mode 0600), while a gateway may write to the
 * log. The copy is a complete log in one file, checked and synced when this resolves; when it rejects, nothing is left.
 *
 * SQLite's backup restarts whenever another connection writes between two of its steps; under load it never ended.
 * In one step, or with `VACUUM INTO`, it writes faster than the disk and every commit of the gateway waits for it (up
 * to 2 s with 1 GB). But steps take part in a transaction that their connection already has open. So one read transaction fixes
 * the moment, and each small step is synced by itself: a commit of the gateway waits for at most one step. Commits made
 * during the copy stay in the write-ahead log until the transaction ends.
 *
 * @throws DataDirectoryUnusable when the log cannot be read or is damaged, BackupFailed, or the signal's reason
 */
export async function backUpLog(directory: string, file: string, options: BackupOptions): Promise<LogBackup> {
  const target = claim(file);
  try {
    const copied = await copyLog(directory, file, target, options);
    checkCopy(directory, file, copied);
    fsyncSync(target);
    return copied;
  } catch (error) {
    for (const left of [file, `${file}-journal`, `${file}-wal`, `${file}-shm`]) rmSync(left, { force: true });
    throw error;
  } finally {
    closeSync(target);
  }
}

function claim(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    throw new BackupFailed(`cannot write to ${dirname(file)}: ${describeError(error)}`, { cause: error });
  }
}

async function copyLog(directory: string, file: string, target: number, options: BackupOptions): Promise<LogBackup> {
  const takenBefore = lastTaken(directory);
  let source: DatabaseSync | undefined;
  try {
    const guest = guestFile(logPath(directory));
    source = new DatabaseSync(guest.location, { readOnly: true, timeout: 1000 });
    source.exec(`${guest.prepare}; BEGIN`);
    if (hasUnfinishedImport(source)) throw importUnfinished(directory);
    const copied = contentOf(source);
    refuseWithoutRoom(source, file);
    await backup(source, file, {
      rate: PIECE_PAGES,
      progress: ({ totalPages, remainingPages }) => {
        options.signal.throwIfAborted();
        refuseBesideStart(directory, takenBefore, guest);
        fdatasyncSync(target);
        options.onProgress(1 - remainingPages / totalPages, copied.events);
      },
    });
    return copied;
  } catch (error) {
    if (error instanceof BackupFailed || options.signal.aborted) throw error;
    if (sqliteCode(error) === SQLITE.FULL || (error as NodeJS.ErrnoException).code === "ENOSPC") {
      throw new BackupFailed(`there is no room left in ${dirname(file)}`, { cause: error });
    }
    throw unusable(directory, error);
  } finally {
    source?.close();
  }
}

/** Without room for the copy, a gateway on the same disk would soon answer 503. */
function refuseWithoutRoom(source: DatabaseSync, file: string): void {
  const number = (pragma: string): number => Number(source.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
  const needed = number("page_count") * number("page_size");
  const { bavail, bsize } = statfsSync(dirname(file));
  if (needed <= bavail * bsize) return;
  throw new BackupFailed(
    `the backup takes ${inMiB(needed)} MiB, and ${dirname(file)} has ${inMiB(bavail * bsize)} MiB left; free some space`,
  );
}

/**
 * A gateway that starts moves the whole write-ahead log into the database, which the open transaction would prevent, or
 * would not where it could not be locked.
 */
function refuseBesideStart(directory: string, takenBefore: bigint | null, guest: GuestFile): void {
  const taken = lastTaken(directory);
  if (guest.unchanged() && (taken === null || taken === takenBefore)) return;
  throw new BackupFailed(`a gateway started on ${directory} during the backup; make the backup again`);
}

/** Checks that the copy is whole, and makes it a single file that needs none beside it. */
function checkCopy(directory: string, file: string, expected: LogBackup): void {
  let copy: DatabaseSync | undefined;
  let found: string;
  let content: LogBackup;
  try {
    copy = new DatabaseSync(file);
    copy.exec("PRAGMA journal_mode = DELETE");
    found = String(copy.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
    content = contentOf(copy);
  } catch (error) {
    // A page that was damaged in the log is damaged in the copy too.
    if (sqliteCode(error) === SQLITE.CORRUPT) throw unusable(directory, error);
    throw new BackupFailed(`the backup cannot be read back: ${describeError(error)}`, { cause: error });
  } finally {
    copy?.close();
  }
  if (found !== "ok") throw unusable(directory, damage(found));
  if (
    content.events !== expected.events ||
    content.position !== expected.position ||
    content.logId !== expected.logId
  ) {
    throw new BackupFailed(
      `the backup ends at ${content.position ?? "nothing"} (${content.events} events), the log at ` +
        `${expected.position ?? "nothing"} (${expected.events}); check the disk`,
    );
  }
}

/** The error that SQLite throws when it meets such damage itself. */
function damage(found: string): Error {
  return Object.assign(new Error(found.replaceAll(/\s+/g, " ")), { errcode: SQLITE.CORRUPT });
}

function contentOf(db: DatabaseSync): LogBackup {
  const row = db.prepare("SELECT count(*) AS events, max(position) AS head FROM events").get();
  const head = row?.["head"];
  return {
    events: Number(row?.["events"]),
    position: typeof head === "number" ? positionOf(head) : null,
    logId: metaValue(db, "log_id"),
  };
}

function inMiB(bytes: number): string {
  return Math.ceil(bytes / 1024 / 1024).toLocaleString("en-US");
}
