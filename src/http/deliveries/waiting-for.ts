import type { WaitingFor } from "../../events/delivery-terms.ts";
import { deliveries } from "../../projections/deliveries.ts";
import type { DeliveryDocument } from "../../projections/deliveries.ts";
import { dueDeliveries, dueOf } from "../../projections/due-deliveries.ts";
import { heldDeliveries, heldOf } from "../../projections/held-deliveries.ts";
import { waitingOf, waitingWithoutList } from "../../projections/waiting.ts";
import type { DocumentStore } from "../../projections/store/document-store.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { HttpDependencies } from "../dependencies.ts";

type Deps = Pick<HttpDependencies, "documents" | "progress" | "directory" | "clock">;

/**
 * The read models that a reply about deliveries waits for: the to-do list only while it is live, because it is not worth a 503.
 */
export function modelsOfDeliveries({ progress }: Pick<Deps, "progress">): readonly string[] {
  return progress.areCurrent([dueDeliveries.name]) ? [deliveries.name, dueDeliveries.name] : [deliveries.name];
}

/**
 * What each of these deliveries waits for; null for one that has ended or is under way. Reads the entries of the pending
 * ones in the to-do list, and of those that are held, at once; for ended ones nothing.
 *
 * @throws ReadModelsUnavailable
 */
export async function waitingForEach(
  { documents, progress, directory, clock }: Deps,
  page: readonly DeliveryDocument[],
): Promise<(delivery: DeliveryDocument) => WaitingFor | null> {
  const pending = page.filter(({ status }) => status === "PENDING");
  const ids = (held: boolean): string[] =>
    pending.filter(({ next_attempt_at }) => (next_attempt_at === null) === held).map(({ _id }) => _id);
  const read = <D>(
    { name }: { readonly name: string },
    of: readonly string[],
    load: (documents: DocumentStore, ids: readonly string[]) => Promise<ReadonlyMap<string, D>>,
  ): Promise<ReadonlyMap<string, D>> =>
    of.length > 0 && progress.areCurrent([name]) ? load(documents, of) : Promise.resolve(new Map());
  const [due, held] = await Promise.all([
    read(dueDeliveries, ids(false), dueOf),
    read(heldDeliveries, ids(true), heldOf),
  ]);
  const now = isoNow(clock);
  return (delivery) => {
    if (delivery.status !== "PENDING") return null;
    const entry = due.get(delivery._id) ?? held.get(delivery._id);
    if (entry === undefined) return waitingWithoutList(delivery, directory.pauseOf(delivery), now);
    const isDisabled = directory.knownEndpoint(delivery.endpoint_id)?.status === "disabled";
    return waitingOf(entry, directory.pauseOf(delivery), isDisabled, now).for;
  };
}
