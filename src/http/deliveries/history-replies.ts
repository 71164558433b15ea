import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { readEvent } from "../../events/catalogue.ts";
import { deliveryStream } from "../../events/delivery.ts";
import type { DeliveryRequested } from "../../events/delivery.ts";
import type { EventStore } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import { numberOf } from "../../events/store/position.ts";
import { shownStep } from "../../projections/history/history-steps.ts";
import type { HistoryStep } from "../../projections/history/history-steps.ts";
import type { Moment } from "../../projections/history/moment.ts";
import { endpointAt, openHistory } from "../../projections/history/open-history.ts";
import type { FoundHistory } from "../../projections/history/open-history.ts";
import type { ShownDelivery } from "../../projections/shown-delivery.ts";
import { uuidOf } from "../../runtime/uuid.ts";
import { HttpError } from "../errors.ts";
import { queryOf } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { parseDeliveryMoment } from "./history-schema.ts";

/** What is asked for of one delivery. */
export interface DeliveryQuery {
  readonly id: string;
  /** Whose it has to be; null: anybody's. */
  readonly userId: number | null;
  /** As it was when; null: now. */
  readonly at: Moment | null;
}

/** The id of a delivery in a path. Throws HttpError 404 for what is none. */
function deliveryIdOf(request: FastifyRequest): string {
  const { id } = request.params as { id: string };
  const deliveryId = uuidOf(id);
  if (deliveryId === null) throw new HttpError("delivery_not_found");
  return deliveryId;
}

/** What a request asks for, whose path has an id and whose query may have `at`. Throws HttpError. */
export function deliveryQuery(request: FastifyRequest, userId: number | null): DeliveryQuery {
  const at = validOrRefuse(parseDeliveryMoment(queryOf(request)));
  return { id: deliveryIdOf(request), userId, at };
}

/**
 * The delivery as it was, with the endpoint as it was at the same moment.
 *
 * @throws HttpError 404 when there was none, 400 for a position beyond the log, 500 when an event cannot be read
 */
export function deliveryAsItWas(store: EventStore, request: FastifyRequest, query: DeliveryQuery): Promise<object> {
  return orWhereItStopped(request, async () => {
    const delivery = lastState(await foundHistory(store, query));
    const endpoint = await endpointAt(store, delivery.endpoint_id, query.at);
    return {
      ...delivery,
      endpoint: endpoint && { id: endpoint.endpoint_id, url: endpoint.url, nickname: endpoint.nickname },
    };
  });
}

/**
 * Replies with the events of a delivery, each with the state after it. The text is made piece by piece as the client
 * takes it: each piece has all the attempts before it, so that together they grow with the square of their number.
 *
 * @throws HttpError as `deliveryAsItWas`
 */
export async function sendDeliveryEvents(
  store: EventStore,
  request: FastifyRequest,
  reply: FastifyReply,
  query: DeliveryQuery,
): Promise<FastifyReply> {
  const history = await orWhereItStopped(request, async () => {
    const found = await foundHistory(store, query);
    // Once through before the first byte: a reply that has begun cannot become an error any more.
    lastState(found);
    return found;
  });
  if (reply.sent) return reply;
  const pieces = request.method === "HEAD" ? [] : listOf(history.steps());
  return reply
    .code(200)
    .header("content-type", "application/json")
    .send(Readable.from(pieces, { highWaterMark: 1 }));
}

function* listOf(steps: Iterable<HistoryStep>): Generator<Buffer> {
  let before = '{"data":[';
  for (const step of steps) {
    yield Buffer.from(before + JSON.stringify(shownStep(step)));
    before = ",";
  }
  yield Buffer.from("]}");
}

/**
 * What was requested of a delivery: its payload, whose it is, and to which endpoint.
 *
 * @param userId whose it has to be; null: anybody's
 * @throws HttpError 404 when there is none, 500 when its event cannot be read
 */
export function requestedOf(
  store: EventStore,
  request: FastifyRequest,
  userId: number | null,
): Promise<DeliveryRequested["data"]> {
  const stream = deliveryStream(deliveryIdOf(request));
  return orWhereItStopped(request, async () => {
    const [first] = await store.read(stream, { limit: 1 });
    const requested = first && readEvent(first);
    if (requested?.type !== "DeliveryRequested" || (userId !== null && requested.data.userId !== userId)) {
      throw new HttpError("delivery_not_found");
    }
    return requested.data;
  });
}

async function foundHistory(store: EventStore, { id, userId, at }: DeliveryQuery): Promise<FoundHistory> {
  const history = await openHistory(store, id, userId, at);
  switch (history.kind) {
    case "found":
      return history;
    case "unknown":
      throw new HttpError("delivery_not_found");
    case "too_early":
      throw new HttpError("delivery_not_found", {
        errors: [`at is before the delivery, which was recorded at ${history.time}, position ${history.position}`],
      });
    case "beyond_log":
      throw new HttpError("invalid_request", {
        errors: [`at is beyond the log, whose last position is ${history.head ?? "none"}`],
      });
  }
}

function lastState(history: FoundHistory): ShownDelivery {
  let state: ShownDelivery | null = null;
  for (const { after } of history.steps()) state = after;
  if (state === null) throw new Error("a history that was found has no event");
  return state;
}

/** Says where the reading stopped at an event that cannot be read; the reason is for the operator, in our own log. */
async function orWhereItStopped<T>({ id, log }: FastifyRequest, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UnreadableEvent)) throw error;
    const { stream, revision, position, reason } = error;
    log.error({ request: id, stream, revision, position, reason }, "a history stopped at an event");
    const where = `event ${numberOf(revision)} of ${stream}, at position ${position}`;
    throw new HttpError("history_unreadable", { errors: [`${where}, cannot be read; ask with an at before it`] });
  }
}
