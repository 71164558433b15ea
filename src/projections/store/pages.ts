import type { CollectionDefinition, DocumentQuery, DocumentStore, Scalar, StoredDocument } from "./document-store.ts";

/** How many documents are read at a time. */
const PAGE = 500;

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
): AsyncGenerator<readonly D[]> {
  let last: D | undefined;
  do {
    const page: D[] = await store.find<D>(collection, {
      ...query,
      ...(last !== undefined && { after: { value: last[query.order.field] as Scalar, id: last._id } }),
      limit: PAGE,
    });
    yield page;
    last = page.length < PAGE ? undefined : page.at(-1);
  } while (last !== undefined);
}
