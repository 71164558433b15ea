import { evolveEndpoint } from "../../events/endpoint.ts";
import type { Endpoint } from "../../events/endpoint.ts";
import type { UniqueReservation } from "./create-unique.ts";
import { reservationStream } from "./reservations.ts";

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
      const owner = events.reduce<Endpoint | null>(evolveEndpoint, null);
      return owner !== null && streamOf(owner.url) === stream;
    },
  };
}
