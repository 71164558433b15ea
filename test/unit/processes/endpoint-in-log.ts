import { eventsToAppend } from "../../../src/commands/command-context.ts";
import { readEvent } from "../../../src/events/catalogue.ts";
import { endpointStream } from "../../../src/events/endpoint.ts";
import type { EndpointLifeEvent } from "../../../src/events/endpoint.ts";
import type { EventStore } from "../../../src/events/event-store.ts";
import { endpoints } from "../../../src/projections/endpoints.ts";
import type { EndpointDocument } from "../../../src/projections/endpoints.ts";
import { newContext } from "../commands/store-doubles.ts";

/** Appends the next events of an endpoint's story. */
export async function tell(store: EventStore, ...events: readonly EndpointLifeEvent[]): Promise<void> {
  for (const event of events) {
    const stream = endpointStream(event.data.endpointId);
    const revision = (await store.read(stream)).at(-1)?.revision ?? "no_stream";
    await store.append(stream, eventsToAppend([event], newContext()), revision);
  }
}

/** The endpoint as its stream tells it up to now. */
export async function endpointInLog(store: EventStore, endpointId: number): Promise<EndpointDocument> {
  let document: EndpointDocument | null = null;
  for (const recorded of await store.read(endpointStream(endpointId))) {
    const event = readEvent(recorded);
    const content = endpoints.evolve(document, event);
    document = content && { ...content, _id: String(endpointId), position: event.position };
  }
  if (document === null) throw new Error(`endpoint ${endpointId} is not in the log`);
  return document;
}
