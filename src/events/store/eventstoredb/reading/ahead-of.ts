/** How many events at given positions are read at a time. */
export const READS_AT_ONCE = 16;

/**
 * What `work` makes of each item, in the items' order. It begins with later items before the first is done: at most
 * `width` are under way or wait to be taken at a time. Ends with the first failure.
 */
export async function* aheadOf<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  for (let taken = 0; taken < items.length; taken++) {
    for (const item of items.slice(taken + begun.length, taken + width)) {
      const result = work(item);
      // It is awaited later, or, once another failed, never.
      result.catch(() => undefined);
      begun.push(result);
    }
    yield (await begun.shift()) as Result;
  }
}
