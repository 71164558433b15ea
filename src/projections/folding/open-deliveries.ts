import type { LoadDocuments } from "../projection.ts";
import type { GuardedWrite, StoredDocument } from "../store/document-store.ts";

const PREFIX = "delivery/";

/**
 * What a read model remembers of each delivery until it has ended, because only the first event of a delivery names its
 * user and endpoint. Write it after everything that is folded from a delivery's events: a delivery that is then unknown,
 * in a batch that does not begin it, has ended and is already folded.
 */
export class OpenDeliveries<D extends StoredDocument> {
  /** By the delivery's id, as everything here. */
  readonly #before: ReadonlyMap<string, D>;
  readonly #now: Map<string, D>;
  readonly #ids: ReadonlySet<string>;

  private constructor(ids: ReadonlySet<string>, before: ReadonlyMap<string, D>) {
    this.#ids = ids;
    this.#before = before;
    this.#now = new Map(before);
  }

  /** Loads what is known of these deliveries, and in the same call whatever else is asked for by `others`. */
  static async load<D extends StoredDocument>(
    ids: ReadonlySet<string>,
    load: LoadDocuments,
    others: readonly string[] = [],
  ): Promise<{ open: OpenDeliveries<D>; others: readonly StoredDocument[] }> {
    const stored = await load([...Array.from(ids, documentId), ...others]);
    const before = new Map<string, D>();
    const rest: StoredDocument[] = [];
    for (const document of stored) {
      const { _id } = document;
      if (_id.startsWith(PREFIX)) before.set(_id.slice(PREFIX.length), document as D);
      else rest.push(document);
    }
    return { open: new OpenDeliveries(ids, before), others: rest };
  }

  /** What is known of the delivery; undefined when it has ended. */
  of(deliveryId: string): D | undefined {
    return this.#now.get(deliveryId);
  }

  /** Notes a delivery that begins, unless it is known. `content` is its document but for the id. */
  begin(deliveryId: string, content: Omit<D, "_id">): void {
    if (this.#now.has(deliveryId)) return;
    this.#now.set(deliveryId, { ...content, _id: documentId(deliveryId) } as unknown as D);
  }

  /** Forgets a delivery that ended. */
  end(deliveryId: string): void {
    this.#now.delete(deliveryId);
  }

  /** The documents to add and to remove. None is ever changed. */
  writes(): GuardedWrite[] {
    const writes: GuardedWrite[] = [];
    for (const id of this.#ids) {
      const before = this.#before.get(id) ?? null;
      const after = this.#now.get(id) ?? null;
      if ((before === null) === (after === null)) continue;
      writes.push({ id: documentId(id), expected: before?.position ?? null, next: after });
    }
    return writes;
  }
}

/** Whether this event of a delivery's stream is its last. `outcome` is that of an attempt. */
export function endsDelivery(type: string, outcome: unknown): boolean {
  if (type === "DeliveryFailed" || type === "DeliveryCanceled") return true;
  return type === "DeliveryAttempted" && outcome === "delivered";
}

function documentId(deliveryId: string): string {
  return PREFIX + deliveryId;
}
