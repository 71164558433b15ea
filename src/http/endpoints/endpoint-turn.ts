import type { FastifyRequest } from "fastify";
import { endpointStream } from "../../events/endpoint.ts";
import type { StreamStore } from "../../events/store/event-store.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { storeOf } from "../server/request-deadline.ts";

/**
 * Makes a request's change of an endpoint when the earlier changes of it in this process have been made: of 50 at once each
 * would else lose against the others, and begin again, up to 49 times. Only other instances are left to lose against.
 *
 * `change` gets a log that takes nothing more when the request's time is over, so that a change which is no longer awaited
 * gives its turn away at once.
 *
 * @throws TooManyWaiting when too many changes of the endpoint are waiting, and whatever `change` throws
 */
export function inEndpointTurn<T>(
  request: FastifyRequest,
  { store, endpointTurns }: Pick<HttpDependencies, "store" | "endpointTurns">,
  endpointId: number,
  change: (store: StreamStore) => Promise<T>,
): Promise<T> {
  return endpointTurns.take(endpointStream(endpointId), () => change(storeOf(request, store)));
}
