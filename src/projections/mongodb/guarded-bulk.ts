import { MongoBulkWriteError } from "mongodb";
import type { AnyBulkWriteOperation, BulkWriteResult, Collection } from "mongodb";
import type { GuardedWrite, StoredDocument } from "../document-store.ts";
import type { StoredForm } from "./stored-form.ts";
import { storedForm } from "./stored-form.ts";

const DUPLICATE_KEY = 11_000;

/** The operation that happens only while the guard of the write holds; null for one that has nothing to remove. */
function operationOf(
  { id, expected, next }: GuardedWrite,
  indexed: readonly string[],
): AnyBulkWriteOperation<StoredForm> | null {
  if (expected === null) return next && { insertOne: { document: storedForm(next, indexed) } };
  const filter = { _id: id, position: expected };
  return next === null ? { deleteOne: { filter } } : { replaceOne: { filter, replacement: storedForm(next, indexed) } };
}

/**
 * Writes all in one go, in no order, and gives the ids whose guard did not hold. An insert that did not says so; of the
 * others there is only a count, so that when it is short they are looked up.
 *
 * @throws what the driver throws
 */
export async function writeGuarded(
  collection: Collection<StoredForm>,
  writes: readonly GuardedWrite[],
  indexed: readonly string[],
): Promise<string[]> {
  const pairs = writes.flatMap((write) => {
    const operation = operationOf(write, indexed);
    return operation === null ? [] : [{ write, operation }];
  });
  const removedNothing = writes.filter(({ expected, next }) => expected === null && next === null);
  const present = removedNothing.length === 0 ? [] : await existing(collection, removedNothing);
  if (pairs.length === 0) return present.map(({ _id }) => _id);
  const { result, refused } = await bulk(
    collection,
    pairs.map(({ operation }) => operation),
  );
  const failed = pairs.filter((_, index) => refused.has(index)).map(({ write }) => write);
  const conflicts = [...present.map(({ _id }) => _id), ...failed.map(({ id }) => id)];
  const replaced = pairs.map(({ write }) => write).filter(({ expected, next }) => expected !== null && next !== null);
  const deleted = pairs.map(({ write }) => write).filter(({ next }) => next === null);
  if (result.matchedCount < replaced.length) conflicts.push(...(await notReplaced(collection, replaced)));
  // Which of them were there to be removed nobody can tell any more, so that all of them are looked at again.
  if (result.deletedCount < deleted.length) conflicts.push(...deleted.map(({ id }) => id));
  return conflicts;
}

/** Whether what stands there is what the write wanted; another runner that folds the same events may have put it there. */
async function notReplaced(collection: Collection<StoredForm>, writes: readonly GuardedWrite[]): Promise<string[]> {
  const positions = new Map((await existing(collection, writes)).map(({ _id, position }) => [_id, position]));
  return writes.filter(({ id, next }) => positions.get(id) !== next?.position).map(({ id }) => id);
}

function existing(
  collection: Collection<StoredForm>,
  writes: readonly GuardedWrite[],
): Promise<Pick<StoredDocument, "_id" | "position">[]> {
  const ids = writes.map(({ id }) => id);
  return collection
    .find({ _id: { $in: ids } })
    .project<Pick<StoredDocument, "_id" | "position">>({ position: 1 })
    .toArray();
}

/** The counts of a bulk write, and the indexes of the inserts whose id was there already. Throws for any other error. */
async function bulk(
  collection: Collection<StoredForm>,
  operations: AnyBulkWriteOperation<StoredForm>[],
): Promise<{ result: Pick<BulkWriteResult, "matchedCount" | "deletedCount">; refused: Set<number> }> {
  try {
    return { result: await collection.bulkWrite(operations, { ordered: false }), refused: new Set() };
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const errors = [error.writeErrors].flat();
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
    return { result: error.result, refused: new Set(errors.map(({ index }) => index)) };
  }
}
