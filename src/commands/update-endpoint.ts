import { endpointStream } from "../events/endpoint.ts";
import type { Endpoint, EndpointChanges, EndpointUpdated } from "../events/endpoint.ts";
import type { Position } from "../events/store/position.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { handleEndpointCommand } from "./handling/endpoint-command.ts";
import type { OwnersCommand } from "./handling/endpoint-command.ts";
import { CommandRefused } from "./handling/refusals.ts";
import type { StreamStore } from "../events/store/event-store.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";
import { release, reserve } from "./uniqueness/reservations.ts";

export interface UpdateEndpoint extends OwnersCommand {
  /** What is to be different; a url was already judged to be a target that may be dialled. */
  readonly changes: EndpointChanges;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** What really changes; nothing when the endpoint is so already. Sealed headers differ each time that they are sealed. */
export function decideUpdateEndpoint(
  { endpointId, changes, now }: UpdateEndpoint,
  endpoint: Endpoint,
): EndpointUpdated[] {
  const differs = ([name, value]: [string, unknown]): boolean =>
    JSON.stringify(value) !== JSON.stringify(endpoint[name as keyof EndpointChanges]);
  const different = Object.entries(changes).filter(differs);
  if (different.length === 0) return [];
  const data = { endpointId, changes: Object.fromEntries(different), updatedAt: now };
  return [{ type: "EndpointUpdated", data }];
}

const nothing = (): Promise<void> => Promise.resolve();

/**
 * Changes an endpoint. A new URL is reserved first and the old one freed last; after a lost race all of it begins again,
 * since somebody may have taken the reservation over.
 *
 * @param userId whose it has to be
 * @param secret names the streams of reservations
 * @returns the position of what was appended, or null when nothing changed
 * @throws CommandRefused `endpoint_not_found`, `endpoint_access_denied` or `endpoint_already_registered`
 * @throws whatever the store throws
 */
export async function updateEndpoint(
  store: StreamStore,
  command: UpdateEndpoint,
  userId: number,
  secret: Uint8Array,
  context: CommandContext,
): Promise<Position | null> {
  const { now } = command;
  const stream = endpointStream(command.endpointId);
  /** Frees the old URL, once the new one is in the log. */
  let free = nothing;
  const moveReservation = async (endpoint: Endpoint, [updated]: readonly EndpointUpdated[]): Promise<void> => {
    free = nothing;
    const url = updated?.data.changes.url;
    if (url === undefined) return;
    const wanted = endpointUrlReservation(userId, url, secret);
    const isOurs = await reserve(store, wanted.stream, stream, now, context, wanted.stillHas);
    if (!isOurs) throw new CommandRefused(wanted.refusal);
    const { stream: freed } = endpointUrlReservation(userId, endpoint.url, secret);
    free = () => release(store, freed, stream, now, context);
  };
  const decide = decideUpdateEndpoint;
  const { position } = await handleEndpointCommand(store, decide, command, userId, context, moveReservation);
  if (position !== null) await free();
  return position;
}
