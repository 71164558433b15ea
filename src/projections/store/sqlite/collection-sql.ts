import { fieldsOfIndex, indexedFields, presentIn } from "../document-rules.ts";
import type { CollectionDefinition, IndexDefinition } from "../document-store.ts";

/** The column of the document's text. No field has this name, because field names cannot contain `$`. */
export const BODY = '"$body"';

/** A collection in SQLite: its quoted names, and the statements that do not depend on a query. */
export interface CollectionSql {
  readonly definition: CollectionDefinition;
  /** The fields that a query may name, including `_id` and `position` if the definition names them. */
  readonly indexed: readonly string[];
  /** The indexed fields with a column of their own (not `_id` and `position`), in column order. */
  readonly fields: readonly string[];
  /** The table's name in sqlite_schema. */
  readonly tableName: string;
  readonly table: string;
  readonly insert: string;
  /** Returns `row`, the position and the columns of `fields` by number. */
  readonly stored: string;
  readonly load: string;
  readonly remove: string;
  readonly firstPage: string;
  readonly nextPage: string;
}

/**
 * A field's column. SQLite ignores case in names, so capitals are escaped; the field's name is already checked to have
 * only letters, digits and `_`.
 */
export function column(field: string): string {
  return `"${escapeCapitals(field)}"`;
}

/** The statements of a collection. Throws RangeError for a name that the port does not allow. */
export function collectionSql(definition: CollectionDefinition): CollectionSql {
  const indexed = indexedFields(definition);
  const fields = indexed.filter((field) => field !== "_id" && field !== "position");
  // The prefix separates collections from this file's own tables and from names that SQLite reserves.
  const tableName = `documents:${escapeCapitals(definition.name)}`;
  const table = `"${tableName}"`;
  const columns = ["_id", "position", ...fields.map(column), BODY];
  const storedFields = fields.map((field, at) => `${column(field)} AS "${at}"`);
  return {
    definition,
    indexed,
    fields,
    tableName,
    table,
    insert: `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`,
    stored: `SELECT ${["rowid AS row", "position", ...storedFields].join(", ")} FROM ${table} WHERE _id = ?`,
    load: `SELECT ${BODY} AS body FROM ${table} WHERE _id IN (SELECT value FROM json_each(?))`,
    remove: `DELETE FROM ${table} WHERE _id = ? AND position = ?`,
    firstPage: `SELECT _id, ${BODY} AS body FROM ${table} ORDER BY _id LIMIT ?`,
    nextPage: `SELECT _id, ${BODY} AS body FROM ${table} WHERE _id > ? ORDER BY _id LIMIT ?`,
  };
}

/** Updates the row `?` (the last parameter) with a new position, body and the named fields, in this order. */
export function updateSql(collection: CollectionSql, fields: readonly string[]): string {
  const assignments = ["position", BODY, ...fields.map(column)].map((name) => `${name} = ?`);
  return `UPDATE ${collection.table} SET ${assignments.join(", ")} WHERE rowid = ?`;
}

/**
 * Creates the table, with rowids: without them, each document of more than about 1,000 bytes would need a page of its
 * own. The fields' columns have no type, so numbers stay numbers and text stays text.
 */
export function createTableSql(collection: CollectionSql): string {
  const columns = ["_id TEXT PRIMARY KEY NOT NULL", "position TEXT NOT NULL", ...collection.fields.map(column)];
  return `CREATE TABLE ${collection.table} (${[...columns, `${BODY} TEXT NOT NULL`].join(", ")})`;
}

/** The quoted name of an index: `"documents:things_v1(status,created_at)"`; of a partial one also what is present. */
export function indexName(collection: CollectionSql, index: IndexDefinition): string {
  const present = presentIn(index);
  const condition = present === null ? "" : ` where ${escapeCapitals(present)}`;
  return `"${collection.tableName}(${fieldsOfIndex(index).map(escapeCapitals).join(",")})${condition}"`;
}

/** Creates the missing indexes. Each ends with `_id`, which breaks ties in every list. */
export function createIndexesSql(collection: CollectionSql): string[] {
  return collection.definition.indexes.map((index) => {
    const fields = fieldsOfIndex(index);
    const present = presentIn(index);
    const columns = [...fields.map(column), ...(fields.includes("_id") ? [] : ["_id"])];
    const condition = present === null ? "" : ` WHERE ${column(present)} IS NOT NULL`;
    return `CREATE INDEX IF NOT EXISTS ${indexName(collection, index)} ON ${collection.table} (${columns.join(", ")})${condition}`;
  });
}

function escapeCapitals(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `^${capital.toLowerCase()}`);
}
