import type { Position } from "../../../events/store/position.ts";
import { indexedValue } from "../document-rules.ts";
import type { Scalar, StoredDocument } from "../document-store.ts";

/**
 * A document as MongoDB has it. The whole of it is text in `body`, so that it comes back as it was: as a sub-document,
 * keys with `$` or a dot, deep nesting and the kinds of numbers would each be a risk. Beside it stands what is guarded and
 * what is queried by, the indexed fields under names of their own.
 */
export interface StoredForm {
  readonly _id: string;
  readonly position: Position;
  readonly body: string;
  readonly [field: `f_${string}`]: Scalar | null;
}

/** The name under which a field that is indexed stands beside the body. `_id` and `position` are what they are. */
export function storedName(field: string): string {
  return field === "_id" ? field : `f_${field}`;
}

/** Throws TypeError for an indexed value that cannot be ordered. */
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

/** The document of a stored form. */
export function documentOf({ body }: Pick<StoredForm, "body">): StoredDocument {
  return JSON.parse(body) as StoredDocument;
}
