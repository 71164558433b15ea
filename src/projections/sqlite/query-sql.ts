import type { DocumentQuery, Scalar } from "../document-store.ts";
import { checkQuery } from "../memory/document-rules.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { BODY, column } from "./collection-sql.ts";

/** A statement and the values that are bound to it. */
export interface Query {
  readonly sql: string;
  readonly values: readonly Scalar[];
}

/**
 * The statement of a query. It continues by key (`(field, _id) > (?, ?)`), never by OFFSET, so that the hundredth page
 * costs what the first does. Throws RangeError for a field without an index and for a limit below 1.
 */
export function querySql(collection: CollectionSql, query: DocumentQuery): Query {
  checkQuery(collection.indexed, query);
  const { equals = {}, range, order, after, limit } = query;
  const ascending = order.direction === "ascending";
  const orderColumn = column(order.field);
  const conditions: string[] = [];
  const values: Scalar[] = [];
  const condition = (sql: string, ...bound: readonly Scalar[]): void => {
    conditions.push(sql);
    values.push(...bound);
  };

  for (const [field, value] of Object.entries(equals)) condition(`${column(field)} = ?`, value);
  // A comparison with null is never true, so a bound leaves nulls out by itself.
  if (range?.from !== undefined) condition(`${column(range.field)} >= ?`, range.from);
  if (range?.to !== undefined) condition(`${column(range.field)} < ?`, range.to);
  if (range !== undefined && range.from === undefined && range.to === undefined) {
    condition(`${column(range.field)} IS NOT NULL`);
  }
  if (after === undefined) condition(`${orderColumn} IS NOT NULL`);
  else condition(`(${orderColumn}, _id) ${ascending ? ">" : "<"} (?, ?)`, after.value, after.id);

  const direction = ascending ? "ASC" : "DESC";
  return {
    sql:
      `SELECT ${BODY} AS body FROM ${collection.table} WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${orderColumn} ${direction}, _id ${direction} LIMIT ?`,
    values: [...values, limit],
  };
}
