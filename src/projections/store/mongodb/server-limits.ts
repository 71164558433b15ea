/** So many writes a server gets in one command, so that a batch makes headway in steps which each have a time limit. */
const WRITES_AT_ONCE = 1_000;
/**
 * FerretDB 1 keeps one of its hundred connections to SQLite open for each update until the whole command has ended: about
 * a hundred updates in a command wait for each other until it is started again.
 */
const WRITES_AT_ONCE_FERRETDB = 10;

/** How many writes the server takes in one command, by its answer to `buildInfo`. */
export function writesAtOnce(buildInfo: object): number {
  return "ferretdbVersion" in buildInfo ? WRITES_AT_ONCE_FERRETDB : WRITES_AT_ONCE;
}
