import { ReadModelsUnavailable } from "../document-store.ts";

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const ERROR = 1;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

/** The codes that are about the machine and not a mistake in the statement, with the text for the operator. */
const UNAVAILABLE: ReadonlyMap<number, string> = new Map([
  [5, "are locked by another writer"],
  [6, "are locked by another writer"],
  [7, "do not fit into memory"],
  [8, "cannot be written"],
  [10, "cannot be read or written"],
  [CORRUPT, "are damaged"],
  [13, "have no room left on the disk"],
  [14, "cannot be opened"],
  [15, "are locked by another writer"],
  [NOT_A_DATABASE, "are damaged"],
]);

/** The primary result code of an error that SQLite gave, or null for any other error. */
function primaryCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  return error.errcode & 0xff;
}

/** Whether the file itself is broken, so that only a rebuild helps. */
export function isDamage(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CORRUPT || code === NOT_A_DATABASE;
}

/** Whether the statement does not fit the tables, which may be because they are not made yet. */
export function isStatementError(error: unknown): boolean {
  return primaryCode(error) === ERROR;
}

/** The error that a caller gets: ReadModelsUnavailable for the machine's failures, every other error as it is. */
export function portError(error: unknown): unknown {
  const what = UNAVAILABLE.get(primaryCode(error) ?? -1);
  return what === undefined ? error : new ReadModelsUnavailable(`the read models ${what}`, { cause: error });
}
