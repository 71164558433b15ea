import { textOf } from "./facts.ts";

/** A row of a table: its cells by the column's name, as they are written. */
export type Row = Readonly<Record<string, string>>;

/**
 * The rows of all tables below a heading of a page, up to the next heading of its level or above.
 *
 * @param path from the root of the repository
 * @throws Error when the page has no such heading, or no table below it
 */
export function rowsBelow(path: string, heading: string): readonly Row[] {
  const lines = textOf(path).split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start === -1) throw new Error(`${path} has no heading ${heading}`);
  const level = lines[start]?.search(/[^#]/) ?? 0;
  const end = lines.findIndex((line, index) => index > start && /^#+ /.test(line) && line.search(/[^#]/) <= level);
  const rows: Row[] = [];
  let columns: readonly string[] | null = null;
  for (const line of lines.slice(start, end === -1 ? undefined : end)) {
    if (!line.startsWith("|")) columns = null;
    else if (columns === null) columns = cellsOf(line);
    else if (!/^\|[\s|:-]+\|$/.test(line)) {
      const cells = cellsOf(line);
      rows.push(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ""])));
    }
  }
  if (rows.length === 0) throw new Error(`${path} has no table below ${heading}`);
  return rows;
}

/**
 * The second cell of the one row below a heading whose first cell begins with this.
 *
 * @throws Error when there is none, or more than one
 */
export function explained(path: string, heading: string, name: string): string {
  const cells = rowsBelow(path, heading).map((row) => Object.values(row));
  const [found, another] = cells.filter(([first = ""]) => first.replaceAll("`", "").startsWith(name));
  if (found === undefined || another !== undefined) throw new Error(`${path} does not have ${name} once`);
  return found[1] ?? "";
}

/** What stands between backticks in a piece of a page, in its order. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
