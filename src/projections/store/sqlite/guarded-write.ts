import { checkWrite, indexedValue } from "../document-rules.ts";
import type { GuardedWrite } from "../document-store.ts";
import type { CollectionSql } from "./collection-sql.ts";
import { updateSql } from "./collection-sql.ts";
import type { Connection } from "./connection.ts";

/** Carries out one write in the caller's transaction. Returns whether its guard held; if not, nothing was done. */
export function writeGuarded(connection: Connection, collection: CollectionSql, write: GuardedWrite): boolean {
  checkWrite(write);
  const { id, expected, next } = write;
  if (next === null) {
    if (expected === null) return connection.statement(collection.stored).get(id) === undefined;
    return connection.statement(collection.remove).run(id, expected).changes === 1;
  }

  const values = collection.fields.map((field) => indexedValue(next, field));
  const body = JSON.stringify(next);
  if (expected === null) {
    return connection.statement(collection.insert).run(id, next.position, ...values, body).changes === 1;
  }

  const stored = connection.statement(collection.stored).get(id);
  if (stored === undefined || stored["position"] !== expected) return false;
  // SQLite rewrites the entries of every index that has an assigned column, changed or not. Assigning only changed
  // columns halves the cost of an update: most events change few indexes.
  const changed = collection.fields.filter((_, at) => stored[String(at)] !== values[at]);
  const changedValues = values.filter((value, at) => stored[String(at)] !== value);
  connection
    .statement(updateSql(collection, changed))
    .run(next.position, body, ...changedValues, stored["row"] as number);
  return true;
}
