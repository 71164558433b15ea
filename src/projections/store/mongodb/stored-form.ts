import type { Position } from "../../../events/store/position.ts";
import { indexedValue } from "../document-rules.ts";
import type { Scalar, StoredDocument } from "../document-store.ts";

/**
 * A document as stored in MongoDB. The whole document is text in `body`, so that it comes back unchanged: in a
 * sub-document, keys with `$` or dots, deep nesting and number types would each be a risk. Beside it are the position
 * for the guard, and the indexed fields under their own names.
 */
export interface StoredForm {
  readonly _id: string;
  readonly position: Position;
  readonly body: string;
  readonly [field: `f_${string}`]: Scalar | null;
}

/** The name of an indexed field beside the body. `_id` and `position` keep their names. */
export function storedName(field: string): string {
  return field === "_id" ? field : `f_${field}`;
}

/** The stored form of a document. Throws TypeError for an indexed value that cannot be ordered. */
export function storedForm(document: StoredDocument, indexed: readonly string[]): StoredForm {
  const fields = indexed
    .filter((field) => field !== "_id")
    .map((field) => [storedName(field), indexedValue(document, field)]);
  return {
    ...(Object.fromEntries(fields) as Record<`f_${string}`, Scalar | null>),
    _id: document._id,
    position: document.position,
    body: JSON.stringify(document),
  };
}

/** The document in a stored form. */
export function documentOf({ body }: Pick<StoredForm, "body">): StoredDocument {
  return JSON.parse(body) as StoredDocument;
}
