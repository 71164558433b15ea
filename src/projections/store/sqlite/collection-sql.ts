import { indexedFields } from "../document-rules.ts";
import type { CollectionDefinition } from "../document-store.ts";

/** The column of the document's text. No field can be called that, since `$` is no letter of a field's name. */
export const BODY = '"$body"';

/** How a collection lies in SQLite: its names, quoted, and the statements that do not depend on a query. */
export interface CollectionSql {
  readonly definition: CollectionDefinition;
  /** The fields that a query may name, `_id` and `position` included where the definition names them. */
  readonly indexed: readonly string[];
  /** The indexed fields that have a column besides `_id` and `position`, in the columns' order. */
  readonly fields: readonly string[];
  /** The table's name as sqlite_schema has it. */
  readonly tableName: string;
  readonly table: string;
  readonly insert: string;
  /** Gives `row`, the position and the columns of `fields` by number. */
  readonly stored: string;
  readonly load: string;
  readonly remove: string;
  readonly firstPage: string;
  readonly nextPage: string;
}

/**
 * A field's column. SQLite holds names equal that differ in case only, so capitals are marked; the field's name has
 * been checked to be of letters, digits and `_`.
 */
export function column(field: string): string {
  return `"${escapeCapitals(field)}"`;
}

/** The statements of a collection. Throws RangeError for a name that the port does not allow. */
export function collectionSql(definition: CollectionDefinition): CollectionSql {
  const indexed = indexedFields(definition);
  const fields = indexed.filter((field) => field !== "_id" && field !== "position");
  // The prefix keeps collections apart from this file's own tables and from the names that SQLite reserves.
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

/** Replaces the row `?` (the last parameter) by a new position, body and the named fields, in this order. */
export function updateSql(collection: CollectionSql, fields: readonly string[]): string {
  const assignments = ["position", BODY, ...fields.map(column)].map((name) => `${name} = ?`);
  return `UPDATE ${collection.table} SET ${assignments.join(", ")} WHERE rowid = ?`;
}

/**
 * Makes the table. It keeps rowids: documents of more than about 1,000 bytes would spill every row of a table without
 * them onto a page of its own. The fields' columns have no type, so that a number stays a number and a text a text.
 */
export function createTableSql(collection: CollectionSql): string {
  const columns = ["_id TEXT PRIMARY KEY NOT NULL", "position TEXT NOT NULL", ...collection.fields.map(column)];
  return `CREATE TABLE ${collection.table} (${[...columns, `${BODY} TEXT NOT NULL`].join(", ")})`;
}

/** The name of an index, quoted: `"documents:things_v1(status,created_at)"`. */
export function indexName(collection: CollectionSql, index: readonly string[]): string {
  return `"${collection.tableName}(${index.map(escapeCapitals).join(",")})"`;
}

/** Makes the indexes that are not there yet. `_id` ends each, because it breaks the ties of every listing. */
export function createIndexesSql(collection: CollectionSql): string[] {
  return collection.definition.indexes.map((index) => {
    const columns = [...index.map(column), ...(index.includes("_id") ? [] : ["_id"])];
    return `CREATE INDEX IF NOT EXISTS ${indexName(collection, index)} ON ${collection.table} (${columns.join(", ")})`;
  });
}

function escapeCapitals(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `^${capital.toLowerCase()}`);
}
