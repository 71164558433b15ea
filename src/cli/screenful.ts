import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "./terminal-text.ts";

/** How many rows a line takes in a terminal of so many columns; looks (bold, dim) take none. */
export function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(columnsOf(stripVTControlCharacters(line)) / columns));
}

/**
 * How many of these lines fit into a terminal, from the first one on; one does in any.
 *
 * @param others what is to fit besides them
 */
export function fitting(
  lines: readonly string[],
  others: readonly string[],
  { rows, columns }: { readonly rows: number; readonly columns: number },
): number {
  let left = rows - others.reduce((sum, line) => sum + rowsOf(line, columns), 0);
  const tooMany = lines.findIndex((line) => (left -= rowsOf(line, columns)) < 0);
  return tooMany < 0 ? lines.length : Math.max(1, tooMany);
}
