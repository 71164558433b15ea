import type { CollectionDefinition, DocumentQuery, DocumentStore, Scalar, StoredDocument } from "./document-store.ts";

/** How many documents are read at a time. */
const PAGE = 500;

/** A page of things that are ordered by their number, which is their id as well. */
export interface NumberedPage {
  readonly limit: number;
  /** The number after which it begins; null: the first. */
  readonly after: number | null;
}

/** Where the pages of a query begin, and how many documents each has. */
export interface PagesFrom {
  /** After this document (exclusive). Default: from the first. */
  readonly after?: NonNullable<DocumentQuery["after"]> | undefined;
  /** Default 500. */
  readonly size?: number;
}

/**
 * All matching documents, in order, page by page as they are consumed; the last page may be empty. The order field must
 * not be null in any of them.
 *
 * @throws ReadModelsUnavailable when the store cannot answer now
 */
export async function* pagesOf<D extends StoredDocument>(
  store: DocumentStore,
  collection: CollectionDefinition,
  query: Omit<DocumentQuery, "order" | "after" | "limit"> & {
    readonly order: { readonly field: keyof D & string; readonly direction: "ascending" | "descending" };
  },
  { after: start, size = PAGE }: PagesFrom = {},
): AsyncGenerator<readonly D[]> {
  let after = start;
  for (;;) {
    const page: D[] = await store.find<D>(collection, {
      ...query,
      ...(after !== undefined && { after }),
      limit: size,
    });
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < size) return;
    after = { value: last[query.order.field] as Scalar, id: last._id };
  }
}
