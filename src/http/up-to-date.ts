import { ReadModelsUnavailable } from "../projections/document-store.ts";
import { READ_YOUR_WRITES_MS } from "./dependencies.ts";
import type { HttpDependencies } from "./dependencies.ts";

/**
 * Waits until the named read models have seen what was in the log when the request came, for at most 2 s. A model that
 * follows the log and is only late answers all the same; one that is still being made would tell half the truth.
 *
 * @throws ReadModelsUnavailable when a model is being made, or stopped
 */
export async function upToDate(
  { store, progress }: Pick<HttpDependencies, "store" | "progress">,
  names: readonly string[],
): Promise<void> {
  const seen = await progress.whenSeen(names, await store.head(), READ_YOUR_WRITES_MS);
  if (!seen && !progress.areLive(names)) throw new ReadModelsUnavailable(`${names.join(", ")}: not up to date yet`);
}
