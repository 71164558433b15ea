import type { DocumentQuery, FieldRange, Scalar } from "../document-store.ts";
import { column } from "./collection-sql.ts";
import type { CollectionSql } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";
import { querySql, rowsOf } from "./query-sql.ts";
import type { Query } from "./query-sql.ts";

/** How many entries of an index one statement counts: about a millisecond. */
const PIECE = 2_000;

/** A part of a count. */
export interface CountedPiece {
  readonly count: number;
  /** The last entry that was counted, to continue after it; null: there are no more. */
  readonly last: NonNullable<DocumentQuery["after"]> | null;
}

/**
 * Counts the next documents with a value in this range, from the field's index alone.
 *
 * @param after where the piece before it ended
 */
export function countPiece(
  connection: Connection,
  collection: CollectionSql,
  range: FieldRange,
  after: CountedPiece["last"] = null,
): CountedPiece {
  const order = { field: range.field, direction: "ascending" } as const;
  const query = (limit: number): Query =>
    querySql(
      collection,
      { range, order, ...(after !== null && { after }), limit },
      `${column(range.field)} AS value, _id AS id`,
    );
  const [last] = rowsOf(
    connection,
    inside(query(1), (sql) => `${sql} OFFSET ${PIECE - 1}`),
  );
  if (last !== undefined) {
    return { count: PIECE, last: { value: last["value"] as Scalar, id: last["id"] as string } };
  }
  const [rest] = rowsOf(
    connection,
    inside(query(PIECE), (sql) => `SELECT count(*) AS found FROM (${sql})`),
  );
  return { count: Number(rest?.["found"] ?? 0), last: null };
}

function inside(query: Query, wrap: (sql: string) => string): Query {
  return { ...query, sql: wrap(query.sql), sqlWithoutIndex: wrap(query.sqlWithoutIndex) };
}
