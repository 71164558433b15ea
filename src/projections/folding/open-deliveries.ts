import type { LoadDocuments } from "../projection.ts";
import type { GuardedWrite, StoredDocument } from "../store/document-store.ts";

/**
 * What a read model remembers of each delivery until it has ended, because only the first event of a delivery names its
 * user and endpoint. Write it after everything that is folded from a delivery's events: a delivery that is then unknown,
 * in a batch that does not begin it, has ended and is already folded.
 */
export class OpenDeliveries<D extends StoredDocument> {
  readonly #before: ReadonlyMap<string, D>;
  readonly #now: Map<string, D>;
  readonly #ids: ReadonlySet<string>;

  private constructor(ids: ReadonlySet<string>, before: ReadonlyMap<string, D>) {
    this.#ids = ids;
    this.#before = before;
    this.#now = new Map(before);
  }

  /** Loads what is known of these deliveries, and whatever else is asked for by `others`, in one call. */
  static async load<D extends StoredDocument>(
    deliveryIds: Iterable<string>,
    load: LoadDocuments,
    others: readonly string[] = [],
  ): Promise<{ open: OpenDeliveries<D>; others: readonly StoredDocument[] }> {
    const ids = new Set<string>();
    for (const deliveryId of deliveryIds) ids.add(openDeliveryId(deliveryId));
    const stored = await load([...ids, ...others]);
    const before = new Map(stored.filter(({ _id }) => ids.has(_id)).map((document) => [document._id, document as D]));
    return { open: new OpenDeliveries(ids, before), others: stored.filter(({ _id }) => !ids.has(_id)) };
  }

  /** What is known of the delivery; undefined when it has ended. */
  of(deliveryId: string): D | undefined {
    return this.#now.get(openDeliveryId(deliveryId));
  }

  /** Notes a delivery that begins, unless it is known. `content` is its document but for the id. */
  begin(deliveryId: string, content: Omit<D, "_id">): void {
    const _id = openDeliveryId(deliveryId);
    if (!this.#now.has(_id)) this.#now.set(_id, { ...content, _id } as unknown as D);
  }

  /** Forgets a delivery that ended. */
  end(deliveryId: string): void {
    this.#now.delete(openDeliveryId(deliveryId));
  }

  /** The documents to add and to remove. None is ever changed. */
  writes(): GuardedWrite[] {
    return [...this.#ids].flatMap((id) => {
      const before = this.#before.get(id) ?? null;
      const after = this.#now.get(id) ?? null;
      if ((before === null) === (after === null)) return [];
      return [{ id, expected: before?.position ?? null, next: after }];
    });
  }
}

/** Whether this event of a delivery's stream is its last. `outcome` is that of an attempt. */
export function endsDelivery(type: string, outcome: unknown): boolean {
  if (type === "DeliveryFailed" || type === "DeliveryCanceled") return true;
  return type === "DeliveryAttempted" && outcome === "delivered";
}

function openDeliveryId(deliveryId: string): string {
  return `delivery/${deliveryId}`;
}
