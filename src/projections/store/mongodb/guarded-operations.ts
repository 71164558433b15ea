import type { AnyBulkWriteOperation } from "mongodb";
import type { GuardedWrite } from "../document-store.ts";
import type { StoredForm } from "./stored-form.ts";
import { storedForm } from "./stored-form.ts";

/** A write, and the operation that happens only while its guard holds; null where there is nothing to remove. */
export interface GuardedOperation {
  readonly write: GuardedWrite;
  readonly operation: AnyBulkWriteOperation<StoredForm> | null;
}

/**
 * The operations of these writes, in their order. All of them are made before the first is sent, so that a wrong call
 * leaves no trace.
 *
 * @throws TypeError for an indexed value that cannot be ordered
 */
export function guardedOperations(writes: readonly GuardedWrite[], indexed: readonly string[]): GuardedOperation[] {
  return writes.map((write) => ({ write, operation: operationOf(write, indexed) }));
}

function operationOf(
  { id, expected, next }: GuardedWrite,
  indexed: readonly string[],
): AnyBulkWriteOperation<StoredForm> | null {
  if (expected === null) return next && { insertOne: { document: storedForm(next, indexed) } };
  const filter = { _id: id, position: expected };
  return next === null ? { deleteOne: { filter } } : { replaceOne: { filter, replacement: storedForm(next, indexed) } };
}

/** The elements in parts of at most so many, in their order. */
export function inParts<T>(elements: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(elements.length / most) }, (_, at) =>
    elements.slice(at * most, (at + 1) * most),
  );
}
