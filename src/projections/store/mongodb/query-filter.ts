import type { Filter, Sort } from "mongodb";
import type { DocumentQuery } from "../document-store.ts";
import type { StoredForm } from "./stored-form.ts";
import { storedName } from "./stored-form.ts";

/** A query as a MongoDB filter. Comparisons match only values of the same type, so null never matches. */
export function filterOf({ equals = {}, range, order, after }: DocumentQuery): Filter<StoredForm> {
  const conditions: object[] = Object.entries(equals).map(([field, value]) => ({ [storedName(field)]: value }));
  if (range !== undefined) {
    const name = storedName(range.field);
    conditions.push({ [name]: { $ne: null } });
    if (range.from !== undefined) conditions.push({ [name]: { $gte: range.from } });
    if (range.to !== undefined) conditions.push({ [name]: { $lt: range.to } });
  }
  const ordered = storedName(order.field);
  conditions.push({ [ordered]: { $ne: null } });
  if (after !== undefined) {
    const further = order.direction === "ascending" ? "$gt" : "$lt";
    // Redundant with the next condition, but it lets an index scan start here, however deep the page.
    conditions.push({ [ordered]: { [`${further}e`]: after.value } });
    conditions.push({
      $or: [{ [ordered]: { [further]: after.value } }, { [ordered]: after.value, _id: { [further]: after.id } }],
    });
  }
  return { $and: conditions };
}

/** The order of a query; ties are broken by the id in the same direction. */
export function sortOf({ order }: DocumentQuery): Sort {
  const direction = order.direction === "ascending" ? 1 : -1;
  return order.field === "_id" ? { _id: direction } : { [storedName(order.field)]: direction, _id: direction };
}
