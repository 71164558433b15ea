/** The most writes in one command, so that a batch proceeds in steps that each have a time limit. */
const WRITES_AT_ONCE = 1_000;
/**
 * FerretDB 1 holds one of its hundred SQLite connections for each update until the whole command ends: about a hundred
 * updates in a command block each other until it is restarted.
 */
const WRITES_AT_ONCE_FERRETDB = 10;

/** How many writes the server accepts in one command, by its answer to `buildInfo`. */
export function writesAtOnce(buildInfo: object): number {
  return "ferretdbVersion" in buildInfo ? WRITES_AT_ONCE_FERRETDB : WRITES_AT_ONCE;
}
