import { evolveEndpoint } from "../../events/endpoint.ts";
import type { Endpoint, EndpointEvent } from "../../events/endpoint.ts";
import type { UniqueReservation } from "./create-unique.ts";
import { reservationStream } from "./reservations.ts";
import type { OwnerEvent } from "./reservations.ts";

/**
 * The reservation of a URL, which a user may have once as text. It lasts for as long as its endpoint has this URL and is
 * not deleted.
 *
 * @param secret names the streams of reservations
 */
export function endpointUrlReservation(userId: number, url: string, secret: Uint8Array): UniqueReservation {
  const streamOf = (ofUrl: string): string =>
    reservationStream({ category: "endpointUrl", value: `${userId} ${ofUrl}` }, secret);
  const stream = streamOf(url);
  return {
    stream,
    refusal: "endpoint_already_registered",
    stillHas: (events) => {
      const owner = events.filter(isOfEndpoint).reduce<Endpoint | null>(evolveEndpoint, null);
      return owner !== null && streamOf(owner.url) === stream;
    },
  };
}

function isOfEndpoint(event: OwnerEvent): event is EndpointEvent {
  return event.type !== "UserCreated";
}
