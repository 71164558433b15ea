import type { EventStore } from "../events/store/event-store.ts";
import { checkpointNameOf } from "../projections/projection.ts";
import type { ReadModel } from "../projections/projection.ts";
import { isOfThisLog } from "../projections/running/another-log.ts";
import type { DocumentStore } from "../projections/store/document-store.ts";

/** What read models know of the log, at the worst of them. */
export type Knowledge =
  | { readonly kind: "all" }
  /** There are events that they have not seen; the first was recorded at `since`, ISO 8601 UTC. */
  | { readonly kind: "behind"; readonly since: string }
  /** One of them is missing, of an earlier version, or of another log. */
  | { readonly kind: "nothing" };

/**
 * Compares read models with the log that they are of, by their checkpoints: at most one event is read for each of them.
 * Where a gateway runs, they may have seen a little more than is said here.
 */
export async function knowledgeOf(
  models: readonly ReadModel[],
  documents: Pick<DocumentStore, "checkpoint">,
  log: Pick<EventStore, "readAll" | "idAt">,
): Promise<Knowledge> {
  const unseen: string[] = [];
  for (const model of models) {
    const checkpoint = await documents.checkpoint(checkpointNameOf(model));
    if (checkpoint !== null && !(await isOfThisLog(checkpoint, log))) return { kind: "nothing" };
    const after = checkpoint?.searchedTo ?? null;
    const { categories } = model;
    for await (const { recordedAt } of log.readAll({ after, ...(categories && { categories }), limit: 1 })) {
      if (checkpoint === null) return { kind: "nothing" };
      unseen.push(recordedAt);
    }
  }
  const [since] = unseen.sort();
  return since === undefined ? { kind: "all" } : { kind: "behind", since };
}
