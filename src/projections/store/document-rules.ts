import type { CollectionDefinition, DocumentQuery, GuardedWrite, Scalar } from "./document-store.ts";

/** What the port promises of the names of collections and fields; an adapter may build its own names from them. */
const NAME = /^[A-Za-z0-9_]+$/;

/** The fields that the collection's indexes name, each once. Throws RangeError for a name that the port does not allow. */
export function indexedFields(collection: CollectionDefinition): readonly string[] {
  const fields = [...new Set(collection.indexes.flat())];
  for (const name of [collection.name, ...fields]) {
    if (!NAME.test(name)) throw new RangeError(`not a name of letters, digits and _: ${JSON.stringify(name)}`);
  }
  return fields;
}

/**
 * What an index has for this field of a document: null also when the field is missing. Throws TypeError for a value
 * that cannot be ordered the same way by every store.
 */
export function indexedValue(document: object, field: string): Scalar | null {
  const value: unknown = Object.hasOwn(document, field) ? Reflect.get(document, field) : null;
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value))) return value;
  throw new TypeError(`the indexed field ${field} must be text, a finite number or null`);
}

/** Throws RangeError for a write that stores a document under another id than its own. */
export function checkWrite(write: GuardedWrite): void {
  if (write.next !== null && write.next._id !== write.id) {
    throw new RangeError(`the document ${write.next._id} cannot be stored as ${write.id}`);
  }
}

/** Throws RangeError for a query that names a field without an index, or whose limit is not a whole number from 1. */
export function checkQuery(fields: readonly string[], query: DocumentQuery): void {
  const named = [...Object.keys(query.equals ?? {}), query.range?.field ?? "_id", query.order.field];
  for (const field of named) {
    if (field !== "_id" && !fields.includes(field)) throw new RangeError(`the field ${field} has no index`);
  }
  if (!Number.isSafeInteger(query.limit) || query.limit < 1) {
    throw new RangeError(`a limit is a whole number from 1: ${query.limit}`);
  }
}
