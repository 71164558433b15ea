import { MongoBulkWriteError } from "mongodb";
import type { AnyBulkWriteOperation, BulkWriteResult, Collection } from "mongodb";
import type { Position } from "../../../events/store/position.ts";
import type { GuardedWrite, StoredDocument } from "../document-store.ts";
import type { GuardedOperation } from "./guarded-operations.ts";
import type { StoredForm } from "./stored-form.ts";

const DUPLICATE_KEY = 11_000;

/**
 * Carries out all writes in one bulk, unordered, and returns the ids whose guard did not hold. Failed inserts are
 * reported one by one; for the others there is only a count, so if it is short they are looked up.
 *
 * @throws what the driver throws
 */
export async function writeGuarded(
  collection: Collection<StoredForm>,
  guarded: readonly GuardedOperation[],
): Promise<string[]> {
  const pairs = guarded.flatMap(({ write, operation }) => (operation === null ? [] : [{ write, operation }]));
  const removedNothing = guarded.filter(({ operation }) => operation === null).map(({ write }) => write);
  const conflicts = removedNothing.length === 0 ? [] : [...(await positionsOf(collection, removedNothing)).keys()];
  if (pairs.length === 0) return conflicts;
  const { result, refused } = await bulk(
    collection,
    pairs.map(({ operation }) => operation),
  );
  conflicts.push(...pairs.filter((_, index) => refused.has(index)).map(({ write }) => write.id));
  const guardedByPosition = pairs.map(({ write }) => write).filter(({ expected }) => expected !== null);
  const replaced = guardedByPosition.filter(({ next }) => next !== null);
  const removed = guardedByPosition.filter(({ next }) => next === null);
  if (result.matchedCount < replaced.length) {
    conflicts.push(...notReplaced(replaced, await positionsOf(collection, replaced)));
  }
  if (result.deletedCount < removed.length) {
    conflicts.push(...notRemoved(removed, await positionsOf(collection, removed), result.deletedCount));
  }
  return conflicts;
}

/**
 * The replacements that are not at their position. One that is may be another runner's write, but that folded the same
 * events, so the document is the same.
 */
export function notReplaced(writes: readonly GuardedWrite[], stored: ReadonlyMap<string, Position>): string[] {
  return writes.filter(({ id, next }) => stored.get(id) !== next?.position).map(({ id }) => id);
}

/**
 * The removals whose guard did not hold. If some documents were already gone, it is unknown which; then all that are
 * gone are named. Folding them again finds nothing to do.
 */
export function notRemoved(
  writes: readonly GuardedWrite[],
  stored: ReadonlyMap<string, Position>,
  removedCount: number,
): string[] {
  const there = writes.filter(({ id }) => stored.has(id));
  return (writes.length - there.length === removedCount ? there : writes).map(({ id }) => id);
}

/** The positions of the documents of these writes that exist, by id. */
async function positionsOf(
  collection: Collection<StoredForm>,
  writes: readonly GuardedWrite[],
): Promise<Map<string, Position>> {
  const found = await collection
    .find({ _id: { $in: writes.map(({ id }) => id) } })
    .project<Pick<StoredDocument, "_id" | "position">>({ position: 1 })
    .toArray();
  return new Map(found.map(({ _id, position }) => [_id, position]));
}

/** The counts of a bulk write, and the indexes of inserts whose id already existed. Throws for any other error. */
async function bulk(
  collection: Collection<StoredForm>,
  operations: AnyBulkWriteOperation<StoredForm>[],
): Promise<{ result: Pick<BulkWriteResult, "matchedCount" | "deletedCount">; refused: Set<number> }> {
  try {
    return { result: await collection.bulkWrite(operations, { ordered: false }), refused: new Set() };
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    // `_id` is the only unique index, so a duplicate key is an insert of an existing document.
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return { result: error.result, refused: new Set(errors.map(({ index }) => index)) };
  }
}
