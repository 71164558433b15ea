import { indexedValue } from "../document-rules.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { BODY, column, createIndexesSql, createTableSql } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";

/** The columns of the collection's table in the file, quoted as in our statements; empty without a table. */
function columnsOf(connection: Connection, collection: CollectionSql): string[] {
  const columns = connection.statement("SELECT name FROM pragma_table_info(?)").all(collection.tableName);
  return columns.map(({ name }) => `"${String(name)}"`);
}

/** Whether the table has exactly the columns of the definition. */
export function isPrepared(connection: Connection, collection: CollectionSql): boolean {
  const wanted = new Set(['"_id"', '"position"', ...collection.fields.map(column), BODY]);
  const present = columnsOf(connection, collection);
  return present.length === wanted.size && present.every((name) => wanted.has(name));
}

/**
 * Creates the table if it is missing; call it in a transaction. If a program has changed a collection's indexed fields,
 * the rows are copied into a table with the new columns, filled from the documents.
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

/** Creates the missing indexes; call it in a transaction. */
export function prepareIndexes(connection: Connection, collection: CollectionSql): void {
  for (const sql of createIndexesSql(collection)) connection.database.exec(sql);
}
