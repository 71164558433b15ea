/** The primary result codes of SQLite that matter here (https://www.sqlite.org/rescode.html). */
export const SQLITE = {
  ERROR: 1,
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  NOTADB: 26,
} as const;

/** The primary result code of an error from node:sqlite, or null for any other error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  // The low byte is the primary code, the rest is more specific (10 | 4 << 8: an fsync failed).
  return error.errcode & 0xff;
}

/** SQLite could not make room for the shared memory beside a database: without room on the disk it names no other code. */
const IOERR_SHMSIZE = 4874;

/** Whether an error of SQLite or of the file system says that the disk, or this user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  if (sqliteCode(error) === SQLITE.FULL) return true;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  return errcode === IOERR_SHMSIZE || code === "ENOSPC" || code === "EDQUOT";
}

/** An error in one line without a stack: `disk I/O error (SQLite 1034)`. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "errcode" in error && typeof error.errcode === "number" ? ` (SQLite ${error.errcode})` : "";
  return `${error.message}${code}`;
}
