import { recordedCategoryOf } from "../../events/store/event-store.ts";
import type { RecordedEvent } from "../../events/store/event-store.ts";
import { OpenDeliveries, endsDelivery } from "../folding/open-deliveries.ts";
import type { LoadDocuments } from "../projection.ts";
import type { GuardedWrite, StoredDocument } from "../store/document-store.ts";
import { idIn, outcomeOf, textIn } from "./terms.ts";
import type { Owner } from "./terms.ts";

/** The user and endpoint of a delivery that has not ended. */
interface OpenDeliveryDocument extends StoredDocument {
  readonly user: number;
  readonly endpoint: number;
}

/** The user of an endpoint, which never changes. */
export interface EndpointOwnerDocument extends StoredDocument {
  readonly user: number;
}

const DELIVERY = "delivery-";
const ENDPOINT = "endpoint-";
const NUMBER = /^[1-9]\d{0,14}$/;
const USER_STREAM = /^user-([1-9]\d{0,14})$/;
const NOBODY: Owner = { user: null, endpoint: null };

/** The id of the document that says whose an endpoint is. */
export function endpointOwnerId(endpoint: number): string {
  return `endpoint/${endpoint}`;
}

/** Whose each event of a batch is: most events name neither the user nor the endpoint. */
export class Owners {
  readonly #open: OpenDeliveries<OpenDeliveryDocument>;
  readonly #endpoints: Map<string, EndpointOwnerDocument>;
  readonly #newEndpoints: GuardedWrite[] = [];

  private constructor(open: OpenDeliveries<OpenDeliveryDocument>, endpoints: readonly EndpointOwnerDocument[]) {
    this.#open = open;
    this.#endpoints = new Map(endpoints.map((document) => [document._id, document]));
  }

  /** Loads what is known of the deliveries and endpoints of these events. */
  static async load(events: readonly RecordedEvent[], load: LoadDocuments): Promise<Owners> {
    const deliveries = new Set<string>();
    const endpoints = new Set<string>();
    for (const { stream } of events) {
      if (stream.startsWith(DELIVERY)) deliveries.add(stream.slice(DELIVERY.length));
      else if (stream.startsWith(ENDPOINT)) endpoints.add(`endpoint/${stream.slice(ENDPOINT.length)}`);
    }
    const { open, others } = await OpenDeliveries.load<OpenDeliveryDocument>(deliveries, load, [...endpoints]);
    return new Owners(open, others as readonly EndpointOwnerDocument[]);
  }

  /** Whose the event is. Must be asked for every event, in log order. */
  of(event: RecordedEvent): Owner {
    if (event.stream.startsWith(DELIVERY)) return this.#ofDelivery(event);
    switch (recordedCategoryOf(event.stream)) {
      case "endpoint":
        return this.#ofEndpoint(event);
      case "user":
        return { user: numberIn(idOf(event.stream)), endpoint: null };
      case "username":
      case "email":
        return { user: numberIn(USER_STREAM.exec(textIn(event, "owner") ?? "")?.[1] ?? ""), endpoint: null };
      case "pause":
      case "access":
        return { user: idIn(event, "userId"), endpoint: idIn(event, "endpointId") };
      default:
        return NOBODY;
    }
  }

  /** The endpoints that the index did not know. */
  get newEndpoints(): readonly GuardedWrite[] {
    return this.#newEndpoints;
  }

  /** The deliveries to remember and to forget; to be written last. */
  deliveries(): readonly GuardedWrite[] {
    return this.#open.writes();
  }

  #ofDelivery(event: RecordedEvent): Owner {
    const id = event.stream.slice(DELIVERY.length);
    if (event.type === "DeliveryRequested") {
      const user = idIn(event, "userId");
      const endpoint = idIn(event, "endpointId");
      if (user !== null && endpoint !== null) this.#open.begin(id, { position: event.position, user, endpoint });
    }
    const owner = this.#open.of(id) ?? NOBODY;
    if (endsDelivery(event.type, outcomeOf(event))) this.#open.end(id);
    return owner;
  }

  #ofEndpoint(event: RecordedEvent): Owner {
    const endpoint = numberIn(idOf(event.stream));
    if (endpoint === null) return NOBODY;
    const _id = endpointOwnerId(endpoint);
    const user = this.#endpoints.get(_id)?.user ?? null;
    if (user !== null || event.type !== "EndpointRegistered") return { user, endpoint };
    const owner = idIn(event, "userId");
    if (owner === null) return { user, endpoint };
    const next: EndpointOwnerDocument = { _id, position: event.position, user: owner };
    this.#endpoints.set(_id, next);
    this.#newEndpoints.push({ id: _id, expected: null, next });
    return { user: owner, endpoint };
  }
}

function idOf(stream: string): string {
  return stream.slice(stream.indexOf("-") + 1);
}

function numberIn(text: string): number | null {
  return NUMBER.test(text) ? Number(text) : null;
}
