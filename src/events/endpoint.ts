import { z } from "zod";
import type { CreationAbandoned } from "./reservation.ts";

/** An address to deliver to exists. `url` is the text that the client sent, to the character. */
export const endpointRegisteredData = z.object({
  endpointId: z.int().positive(),
  userId: z.int().positive(),
  url: z.string().min(1),
  nickname: z.string().min(1),
  registeredAt: z.iso.datetime(),
});

export type EndpointRegistered = {
  readonly type: "EndpointRegistered";
  readonly data: Readonly<z.infer<typeof endpointRegisteredData>>;
};

export type EndpointEvent = EndpointRegistered | CreationAbandoned;

/** The stream of the endpoint with this number. */
export function endpointStream(endpointId: number): string {
  return `endpoint-${endpointId}`;
}
