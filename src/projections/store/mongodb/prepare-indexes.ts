import { hash } from "node:crypto";
import { MongoServerError } from "mongodb";
import type { Collection } from "mongodb";
import { fieldsOfIndex, indexedFields } from "../document-rules.ts";
import type { CollectionDefinition } from "../document-store.ts";
import { documentOf, storedForm, storedName } from "./stored-form.ts";
import type { StoredForm } from "./stored-form.ts";

const NO_SUCH_COLLECTION = 26;

/**
 * Creates the missing indexes; a partial one has all documents here, which is right and portable, and costs what any index
 * does. A document that was stored before a field was indexed has that field only in its body,
 * and is stored again, guarded like any write, at most `atOnce` at a time.
 */
export async function prepareIndexes(
  collection: Collection<StoredForm>,
  definition: CollectionDefinition,
  atOnce: number,
): Promise<void> {
  const known = new Set(await keysOf(collection));
  const missing = definition.indexes
    .map((index) =>
      Object.fromEntries([...fieldsOfIndex(index).map(storedName), "_id"].map((name) => [name, 1 as const])),
    )
    .filter((key) => !known.has(nameOf(key)));
  if (missing.length === 0) return;
  await collection.createIndexes(missing.map((key) => ({ key, name: indexName(definition.name, key) })));
  const fields = new Set(missing.flatMap((key) => Object.keys(key)).filter((name) => name !== "_id"));
  for (const field of fields) await storeAgainWithout(collection, field, indexedFields(definition), atOnce);
}

async function keysOf(collection: Collection<StoredForm>): Promise<string[]> {
  try {
    return (await collection.indexes()).map(({ key }) => nameOf(key));
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NO_SUCH_COLLECTION) return [];
    throw error;
  }
}

function nameOf(key: object): string {
  return Object.keys(key).join();
}

/** A name that is unique without regard to case, for servers that keep all index names in one such name space. */
function indexName(collection: string, key: object): string {
  return `by_${hash("sha256", `${collection} ${nameOf(key)}`).slice(0, 12)}`;
}

async function storeAgainWithout(
  collection: Collection<StoredForm>,
  field: string,
  indexed: readonly string[],
  atOnce: number,
): Promise<void> {
  for (;;) {
    const old = await collection
      .find({ [field]: { $exists: false } })
      .limit(atOnce)
      .toArray();
    if (old.length === 0) return;
    const operations = old.map((stored) => ({
      replaceOne: {
        filter: { _id: stored._id, position: stored.position },
        replacement: storedForm(documentOf(stored), indexed),
      },
    }));
    await collection.bulkWrite(operations, { ordered: false });
  }
}
