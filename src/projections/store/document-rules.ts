import type {
  CollectionDefinition,
  DocumentQuery,
  FieldRange,
  GuardedWrite,
  IndexDefinition,
  Scalar,
} from "./document-store.ts";

/** The allowed names of collections and fields, from which adapters may build their own names. */
const NAME = /^[A-Za-z0-9_]+$/;

/** The fields of an index, in order. */
export function fieldsOfIndex(index: IndexDefinition): readonly string[] {
  return "fields" in index ? index.fields : index;
}

/** The field that must not be null in the documents of the index; null: it has all documents. */
export function presentIn(index: IndexDefinition): string | null {
  return "fields" in index ? index.present : null;
}

/**
 * The fields in the collection's indexes, each once. Throws RangeError for a name that the port does not allow, and for a
 * partial index that lacks the field that it depends on.
 */
export function indexedFields(collection: CollectionDefinition): readonly string[] {
  for (const index of collection.indexes) {
    const present = presentIn(index);
    if (present === null || fieldsOfIndex(index).includes(present)) continue;
    throw new RangeError(`a partial index must have the field ${present}`);
  }
  const fields = [...new Set(collection.indexes.flatMap(fieldsOfIndex))];
  for (const name of [collection.name, ...fields]) {
    if (!NAME.test(name)) throw new RangeError(`a name may have only letters, digits and _: ${JSON.stringify(name)}`);
  }
  return fields;
}

/**
 * The value of a document's field in an index: null if missing. Throws TypeError for a value that stores would order
 * differently.
 */
export function indexedValue(document: object, field: string): Scalar | null {
  const value: unknown = Object.hasOwn(document, field) ? Reflect.get(document, field) : null;
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value))) return value;
  throw new TypeError(`the indexed field ${field} must be text, a finite number or null`);
}

/** Throws RangeError for a write whose document has another id. */
export function checkWrite(write: GuardedWrite): void {
  if (write.next !== null && write.next._id !== write.id) {
    throw new RangeError(`the document ${write.next._id} cannot be stored as ${write.id}`);
  }
}

/** Throws RangeError for a query with a field that has no index, or with a limit that is not a whole number from 1. */
export function checkQuery(fields: readonly string[], query: DocumentQuery): void {
  const named = [...Object.keys(query.equals ?? {}), query.range?.field ?? "_id", query.order.field];
  for (const field of named) {
    if (field !== "_id" && !fields.includes(field)) throw new RangeError(`the field ${field} has no index`);
  }
  if (!Number.isSafeInteger(query.limit) || query.limit < 1) {
    throw new RangeError(`a limit is a whole number from 1: ${query.limit}`);
  }
}

/** Throws RangeError for a count of a field that is no index of its own. */
export function checkCount(collection: CollectionDefinition, { field }: FieldRange): void {
  const hasIndex = collection.indexes.some((index) => fieldsOfIndex(index).join() === field);
  if (!hasIndex) throw new RangeError(`the field ${field} has no index of its own`);
}
