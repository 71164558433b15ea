import { checkQuery } from "../document-rules.ts";
import type { DocumentQuery, Scalar } from "../document-store.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { BODY, column, indexName } from "./collection-sql.ts";

/** A query's statement and the values that are bound to it. */
export interface Query {
  /** Names the index that serves the query in order, where there is one. */
  readonly sql: string;
  /** The same without naming an index: for a collection whose indexes are not made yet. */
  readonly sqlWithoutIndex: string;
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
  const statement = (hint: string): string =>
    `SELECT ${BODY} AS body FROM ${collection.table}${hint} WHERE ${conditions.join(" AND ")} ` +
    `ORDER BY ${orderColumn} ${direction}, _id ${direction} LIMIT ?`;
  const index = servingIndex(collection, query);
  return {
    sql: statement(index === null ? "" : ` INDEXED BY ${indexName(collection, index)}`),
    sqlWithoutIndex: statement(""),
    values: [...values, limit],
  };
}

/**
 * The index that gives the most of the query's equal fields and then its order, or null. It is named to SQLite, which
 * without statistics takes a user with a time range to be rarer than one of the user's endpoints, and then reads all of
 * a large user's deliveries for an endpoint that has a few.
 */
function servingIndex(collection: CollectionSql, query: DocumentQuery): readonly string[] | null {
  const { equals = {}, range, order } = query;
  if (range !== undefined && range.field !== order.field) return null;
  let best: { readonly index: readonly string[]; readonly leading: number } | null = null;
  for (const index of collection.definition.indexes) {
    const open = index.findIndex((field) => !Object.hasOwn(equals, field));
    const leading = open === -1 ? index.length : open;
    // A further field after the order's would come before the id, so ties would have to be sorted.
    const ordered = index.length - leading <= 1 && (index[leading] ?? "_id") === order.field;
    if (ordered && (best === null || leading > best.leading)) best = { index, leading };
  }
  return best?.index ?? null;
}
