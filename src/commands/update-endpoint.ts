import { endpointStream, evolveEndpoint } from "../events/endpoint.ts";
import type { Endpoint, EndpointChanges, EndpointUpdated } from "../events/endpoint.ts";
import type { AppendResult } from "../events/store/event-store.ts";
import { retrying } from "../runtime/retrying.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";
import { loadStream } from "./handling/command-handler.ts";
import { existing } from "./handling/endpoint-command.ts";
import { AFTER_LOST_RACES } from "./handling/lost-race.ts";
import { CommandRefused } from "./handling/refusals.ts";
import type { StreamStore } from "./handling/stream-store.ts";
import { endpointUrlReservation } from "./uniqueness/endpoint-url.ts";
import { release, reserve } from "./uniqueness/reservations.ts";

export interface UpdateEndpoint {
  readonly endpointId: number;
  readonly userId: number;
  /** What is to be different; a url was already judged to be a target that may be dialled. */
  readonly changes: EndpointChanges;
  /** ISO 8601 UTC */
  readonly now: string;
}

/** What really changes; nothing when the endpoint is so already. Sealed headers differ each time that they are sealed. */
export function decideUpdateEndpoint(endpoint: Endpoint, changes: EndpointChanges, now: string): EndpointUpdated[] {
  const isNews = ([name, value]: [string, unknown]): boolean =>
    JSON.stringify(value) !== JSON.stringify(endpoint[name as keyof EndpointChanges]);
  const news = Object.entries(changes).filter(isNews);
  if (news.length === 0) return [];
  const data = { endpointId: endpoint.endpointId, changes: Object.fromEntries(news), updatedAt: now };
  return [{ type: "EndpointUpdated", data }];
}

/**
 * Changes an endpoint. A new URL is reserved first and the old one freed last; a change made at the same time begins all of
 * it again (at most 16 times), since it may be somebody who took the reservation over.
 *
 * @param secret names the streams of reservations
 * @returns what was appended last, or null when nothing changed
 * @throws CommandRefused `endpoint_not_found`, `endpoint_access_denied` or `endpoint_already_registered`
 * @throws whatever the store throws
 */
export function updateEndpoint(
  store: StreamStore,
  { endpointId, userId, changes, now }: UpdateEndpoint,
  secret: Uint8Array,
  context: CommandContext,
): Promise<AppendResult | null> {
  const stream = endpointStream(endpointId);
  return retrying(async () => {
    const loaded = await loadStream(store, stream, evolveEndpoint);
    const before = existing(loaded.state, userId);
    const events = decideUpdateEndpoint(before, changes, now);
    if (events.length === 0) return null;
    const url = changes.url === undefined || changes.url === before.url ? null : changes.url;
    if (url !== null) {
      const wanted = endpointUrlReservation(userId, url, secret);
      if (!(await reserve(store, wanted.stream, stream, now, context, wanted.stillHas))) {
        throw new CommandRefused(wanted.refusal);
      }
    }
    const appended = await appendSettled(
      store,
      stream,
      eventsToAppend(events, context),
      loaded.revision ?? "no_stream",
    );
    if (url !== null) {
      await release(store, endpointUrlReservation(userId, before.url, secret).stream, stream, now, context);
    }
    return appended;
  }, AFTER_LOST_RACES);
}
