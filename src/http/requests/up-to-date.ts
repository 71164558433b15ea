import { ReadModelsUnavailable } from "../../projections/store/document-store.ts";
import { READ_YOUR_WRITES_MS } from "../dependencies.ts";
import type { HttpDependencies } from "../dependencies.ts";

/** How long a read waits for models that are not live, in ms: as long as a log may stall. */
const PATIENCE_MS = 4_000;

type Models = Pick<HttpDependencies, "store" | "progress">;

/**
 * Waits until the named read models have seen everything that was in the log when the request came. A live model that
 * is merely late answers anyway after 2 s. One that is still catching up would give an incomplete answer, so the wait
 * is longer.
 *
 * @throws ReadModelsUnavailable when a model is catching up, or stopped
 */
export async function upToDate({ store, progress }: Models, names: readonly string[]): Promise<void> {
  const head = await store.head();
  const waitMs = progress.areLive(names) ? READ_YOUR_WRITES_MS : PATIENCE_MS;
  const seen = await progress.whenSeen(names, head, waitMs);
  if (!seen && !progress.areLive(names)) throw notUpToDate(names);
}

/**
 * Throws ReadModelsUnavailable when one of the named read models is catching up, stopped, or made by an earlier version, which
 * cannot answer a new question. Waits for nothing: whoever watches wants to see how it stands, not to wait for the end of it.
 */
export function refuseUnlessCurrent({ progress }: Pick<Models, "progress">, names: readonly string[]): void {
  if (!progress.areCurrent(names)) throw notUpToDate(names.filter((name) => !progress.areCurrent([name])));
}

/**
 * Looks something up in the named read models. Returns null only if they have seen everything that was in the log when
 * the request came: a client that has just written it must not get a 404.
 *
 * @throws ReadModelsUnavailable when that is uncertain, or as `upToDate`
 */
export async function lookUp<T>(
  { store, progress }: Models,
  names: readonly string[],
  find: () => Promise<T | null>,
): Promise<T | null> {
  await upToDate({ store, progress }, names);
  const found = await find();
  if (found !== null) return found;
  if (!(await progress.whenSeen(names, await store.head(), PATIENCE_MS - READ_YOUR_WRITES_MS))) {
    throw notUpToDate(names);
  }
  return find();
}

function notUpToDate(names: readonly string[]): ReadModelsUnavailable {
  return new ReadModelsUnavailable(`${names.join(", ")}: not up to date yet`);
}
