import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { positionOf } from "../../position.ts";
import type { Position } from "../../position.ts";
import { describeError, SQLITE, sqliteCode } from "../../../../runtime/sqlite-error.ts";
import { lastTaken } from "./data-directory.ts";
import { metaValue, unusable } from "./log-database.ts";
import { logPath } from "./log-file.ts";

/** Pages that are copied at a time: 1 MiB. Each piece is synced before the next. */
const PIECE_PAGES = 256;

/** What a backup holds. */
export interface LogBackup {
  readonly events: number;
  /** Of its last event; null for an empty log. */
  readonly position: Position | null;
  /** The random id of the log, by which the copy is known as one of it. */
  readonly logId: string;
}

/** There is no backup, for a reason that does not lie in the log. The message is one line. */
export class BackupFailed extends Error {
  readonly code = "backup_failed";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackupFailed";
  }
}

export interface BackupOptions {
  /** Told after each piece how much is copied, from 0 to 1, and of how many events. */
  readonly onProgress: (fraction: number, events: number) => void;
  /** Ends the copying with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Copies the log of a data directory, as it is at one moment, into a new file (mode 0600), while a gateway may write to
 * it. The copy is a whole log in one file, checked and synced when this resolves; when it rejects, nothing is left.
 *
 * SQLite's backup begins again whenever another connection has written between two of its steps, which under load is always:
 * it never ended. In one step, and by `VACUUM INTO`, which is one by nature, it writes faster than the disk and then
 * every commit of the gateway waits behind it (up to 2 s with 1 GB). But a step takes part in a transaction that its
 * connection has open already. So one reading transaction holds the moment, and each small step is synced by itself:
 * the gateway's commits wait for at most one of them. What is committed meanwhile cannot leave the write-ahead log
 * before the transaction ends.
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
    throw new BackupFailed(`nothing can be written to ${dirname(file)}: ${describeError(error)}`, { cause: error });
  }
}

async function copyLog(directory: string, file: string, target: number, options: BackupOptions): Promise<LogBackup> {
  const takenBefore = lastTaken(directory);
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(logPath(directory), { readOnly: true, timeout: 1000 });
    source.exec("BEGIN");
    const copied = contentOf(source);
    refuseWithoutRoom(source, file);
    await backup(source, file, {
      rate: PIECE_PAGES,
      progress: ({ totalPages, remainingPages }) => {
        options.signal.throwIfAborted();
        refuseBesideStart(directory, takenBefore);
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

/** A gateway on the same disk would answer 503 when the copy had filled it. */
function refuseWithoutRoom(source: DatabaseSync, file: string): void {
  const number = (pragma: string): number => Number(source.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
  const needed = number("page_count") * number("page_size");
  const { bavail, bsize } = statfsSync(dirname(file));
  if (needed <= bavail * bsize) return;
  throw new BackupFailed(
    `the backup takes ${inMiB(needed)} MiB, and ${dirname(file)} has ${inMiB(bavail * bsize)} MiB left; free some space`,
  );
}

/** A start has to move all of the write-ahead log into the database, which the open transaction would keep it from. */
function refuseBesideStart(directory: string, takenBefore: bigint | null): void {
  const taken = lastTaken(directory);
  if (taken === null || taken === takenBefore) return;
  throw new BackupFailed(`a gateway was started on ${directory} meanwhile, which goes first; make the backup again`);
}

/** Looks whether the copy is whole, and makes one file of it that needs none beside it. */
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
    // A page that was damaged in the log is as damaged in its copy.
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
        `${expected.position ?? "nothing"} (${expected.events}); look at the disk`,
    );
  }
}

/** What SQLite would have said, had it stumbled over the place by itself. */
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
