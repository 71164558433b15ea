import { indexedValue } from "../document-rules.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { BODY, column, createIndexesSql, createTableSql } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";

/** The columns of the collection's table as the file has them, quoted as in our statements; none without a table. */
function columnsOf(connection: Connection, collection: CollectionSql): string[] {
  const columns = connection.statement("SELECT name FROM pragma_table_info(?)").all(collection.tableName);
  return columns.map(({ name }) => `"${String(name)}"`);
}

/** Whether the table has the columns that the definition asks for. */
export function isPrepared(connection: Connection, collection: CollectionSql): boolean {
  const wanted = new Set(['"_id"', '"position"', ...collection.fields.map(column), BODY]);
  const present = columnsOf(connection, collection);
  return present.length === wanted.size && present.every((name) => wanted.has(name));
}

/**
 * Makes the table if it is not there yet; to be called in a transaction. A table of other fields is copied into one of
 * the right fields, whose values come from the documents: a program may add an index to a collection.
 */
export function prepareTable(connection: Connection, collection: CollectionSql): void {
  const { database } = connection;
  if (columnsOf(connection, collection).length === 0) {
    database.exec(createTableSql(collection));
  } else if (!isPrepared(connection, collection)) {
    const outdated = `"outdated:${collection.tableName}"`;
    database.function("indexed_value", { deterministic: true }, (body, field) =>
      indexedValue(JSON.parse(String(body)) as object, String(field)),
    );
    database.exec(`ALTER TABLE ${collection.table} RENAME TO ${outdated}`);
    database.exec(createTableSql(collection));
    const values = ["_id", "position", ...collection.fields.map((field) => `indexed_value(${BODY}, '${field}')`), BODY];
    database.exec(`INSERT INTO ${collection.table} SELECT ${values.join(", ")} FROM ${outdated} ORDER BY rowid`);
    database.exec(`DROP TABLE ${outdated}`);
  }
}

/** Makes the indexes that are not there yet; to be called in a transaction. */
export function prepareIndexes(connection: Connection, collection: CollectionSql): void {
  for (const sql of createIndexesSql(collection)) connection.database.exec(sql);
}
