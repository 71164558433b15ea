import type { AnyBulkWriteOperation } from "mongodb";
import type { GuardedWrite } from "../document-store.ts";
import type { StoredForm } from "./stored-form.ts";
import { storedForm } from "./stored-form.ts";

/** A write, and the operation that carries it out only if its guard holds; null if there is nothing to remove. */
export interface GuardedOperation {
  readonly write: GuardedWrite;
  readonly operation: AnyBulkWriteOperation<StoredForm> | null;
}

/**
 * The operations of these writes, in order. All are built before the first is sent, so an invalid call changes nothing.
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

/** The elements in parts of at most `max`, in order. */
export function inParts<T>(elements: readonly T[], max: number): T[][] {
  return Array.from({ length: Math.ceil(elements.length / max) }, (_, at) => elements.slice(at * max, (at + 1) * max));
}
