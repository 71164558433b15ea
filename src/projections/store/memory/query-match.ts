import { indexedValue } from "../document-rules.ts";
import type { DocumentQuery, Scalar } from "../document-store.ts";

/** Compares two texts by their UTF-8 bytes, as databases do; JavaScript's order differs outside the basic plane. */
export function compareTexts(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Compares two values of a field: numbers before texts. */
function compareScalars(left: Scalar, right: Scalar): number {
  if (typeof left === "number") return typeof right === "number" ? left - right : -1;
  return typeof right === "number" ? 1 : compareTexts(left, right);
}

interface Entry {
  readonly id: string;
  readonly value: Scalar;
}

/** Compares two documents in the query's order, given their values of the order field and their ids. */
export function compareEntries(left: Entry, right: Entry, query: DocumentQuery): number {
  const ascending = compareScalars(left.value, right.value) || compareTexts(left.id, right.id);
  return query.order.direction === "ascending" ? ascending : -ascending;
}

/** The value by which the query orders this document, or null if the query does not match it. */
export function matchedValue(document: { readonly _id: string }, query: DocumentQuery): Scalar | null {
  for (const [field, wanted] of Object.entries(query.equals ?? {})) {
    if (indexedValue(document, field) !== wanted) return null;
  }
  if (query.range !== undefined) {
    const { field, from, to } = query.range;
    const value = indexedValue(document, field);
    if (value === null) return null;
    if (from !== undefined && compareScalars(value, from) < 0) return null;
    if (to !== undefined && compareScalars(value, to) >= 0) return null;
  }
  const value = indexedValue(document, query.order.field);
  if (value === null) return null;
  if (query.after !== undefined && compareEntries({ id: document._id, value }, query.after, query) <= 0) return null;
  return value;
}
