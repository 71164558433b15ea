import { isDiskFull, SQLITE, sqliteCode } from "../../../runtime/sqlite-error.ts";
import { ReadModelsUnavailable } from "../document-store.ts";

/** The codes for failures of the machine, not of the statement, with the text for the operator. */
const UNAVAILABLE: ReadonlyMap<number, string> = new Map([
  [SQLITE.BUSY, "are locked by another writer"],
  [SQLITE.LOCKED, "are locked by another writer"],
  [SQLITE.NOMEM, "do not fit into memory"],
  [SQLITE.READONLY, "cannot be written"],
  [SQLITE.IOERR, "cannot be read or written"],
  [SQLITE.CORRUPT, "are damaged"],
  [SQLITE.FULL, "have no room left on the disk"],
  [SQLITE.CANTOPEN, "cannot be opened"],
  [SQLITE.PROTOCOL, "are locked by another writer"],
  [SQLITE.NOTADB, "are damaged"],
]);

/** Whether the file itself is damaged, so that only a rebuild helps. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.CORRUPT || code === SQLITE.NOTADB;
}

/** Whether the statement does not match the tables, perhaps because they do not exist yet. */
export function isStatementError(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.ERROR;
}

/** The error for the caller: ReadModelsUnavailable for failures of the machine, any other error unchanged. */
export function portError(error: unknown): unknown {
  const code = isDiskFull(error) ? SQLITE.FULL : sqliteCode(error);
  const what = UNAVAILABLE.get(code ?? -1);
  return what === undefined ? error : new ReadModelsUnavailable(`the read models ${what}`, { cause: error });
}
