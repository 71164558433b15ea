import { checkQuery, fieldsOfIndex, presentIn } from "../document-rules.ts";
import type { DocumentQuery, IndexDefinition, Scalar } from "../document-store.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { BODY, column, indexName } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";
import { isStatementError } from "./sqlite-failures.ts";

/** A query's statement and its bound values. */
export interface Query {
  /** Names the index that serves the query in order, if there is one. */
  readonly sql: string;
  /** Names no index: for a collection whose indexes do not exist yet. */
  readonly sqlWithoutIndex: string;
  readonly values: readonly Scalar[];
}

/**
 * The statement of a query. It continues by key (`(field, _id) > (?, ?)`), not by OFFSET, so that the hundredth page
 * costs no more than the first. Throws RangeError for a field without an index and for a limit below 1.
 *
 * @param columns what is selected of each row
 */
export function querySql(collection: CollectionSql, query: DocumentQuery, columns = `${BODY} AS body`): Query {
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
  // A comparison with null is never true, so a bound excludes nulls.
  if (range?.from !== undefined) condition(`${column(range.field)} >= ?`, range.from);
  if (range?.to !== undefined) condition(`${column(range.field)} < ?`, range.to);
  if (range !== undefined && range.from === undefined && range.to === undefined) {
    condition(`${column(range.field)} IS NOT NULL`);
  }
  if (after === undefined) condition(`${orderColumn} IS NOT NULL`);
  else condition(`(${orderColumn}, _id) ${ascending ? ">" : "<"} (?, ?)`, after.value, after.id);

  const index = servingIndex(collection, query);
  const present = index === null ? null : presentIn(index);
  // It follows from the other conditions, but SQLite uses a partial index only where its condition stands.
  if (present !== null) condition(`${column(present)} IS NOT NULL`);
  const direction = ascending ? "ASC" : "DESC";
  const statement = (hint: string): string =>
    `SELECT ${columns} FROM ${collection.table}${hint} WHERE ${conditions.join(" AND ")} ` +
    `ORDER BY ${orderColumn} ${direction}, _id ${direction} LIMIT ?`;
  return {
    sql: statement(index === null ? "" : ` INDEXED BY ${indexName(collection, index)}`),
    sqlWithoutIndex: statement(""),
    values: [...values, limit],
  };
}

/** The rows of a query, also when its index does not exist yet. Throws what SQLite throws. */
export function rowsOf(connection: Connection, { sql, sqlWithoutIndex, values }: Query): Record<string, unknown>[] {
  try {
    return connection.statement(sql).all(...values);
  } catch (error) {
    if (!isStatementError(error)) throw error;
    return connection.statement(sqlWithoutIndex).all(...values);
  }
}

/**
 * The index that covers the most of the query's `equals` fields and then its order, or null. SQLite has to be given it:
 * without statistics it assumes that a user with a time range is rarer than one of the user's endpoints, and then reads
 * all deliveries of a large user for an endpoint that has a few.
 */
function servingIndex(collection: CollectionSql, query: DocumentQuery): IndexDefinition | null {
  const { equals = {}, range, order } = query;
  if (range !== undefined && range.field !== order.field) return null;
  let best: { readonly index: IndexDefinition; readonly leading: number } | null = null;
  for (const index of collection.definition.indexes) {
    const fields = fieldsOfIndex(index);
    const open = fields.findIndex((field) => !Object.hasOwn(equals, field));
    const leading = open === -1 ? fields.length : open;
    // A field after the order field would precede the id, so ties would need sorting. All fields of a serving index are
    // equal to something or in order, so none of them is null: a partial one has every match.
    const ordered = fields.length - leading <= 1 && (fields[leading] ?? "_id") === order.field;
    if (ordered && (best === null || leading > best.leading)) best = { index, leading };
  }
  return best?.index ?? null;
}
