import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { EventStore } from "../../events/store/event-store.ts";
import { UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Position } from "../../events/store/position.ts";
import { auditIndex } from "../../projections/audit-index/audit-index.ts";
import { filtersOf, noteAct } from "../access/acts.ts";
import { requireStaff } from "../access/authentication.ts";
import type { HttpDependencies } from "../dependencies.ts";
import { HttpError } from "../errors.ts";
import { queryOf } from "../requests/query.ts";
import { validOrRefuse } from "../requests/request-body.ts";
import { upToDate } from "../requests/up-to-date.ts";
import { parseAuditEvents } from "./audit-events-schema.ts";
import { eventPieces, followedPieces } from "./event-pieces.ts";
import { categoriesOf, foundEvents, needsIndex, wantedBy } from "./found-events.ts";
import { LogFollowers } from "./log-followers.ts";

/**
 * `GET /v1/audit/events`: the log for auditors as NDJSON, in log order, each line as an export writes it: all
 * events, or those that a filter leaves. With `follow=true` the reply continues with new events.
 */
export function auditEventRoutes(app: FastifyInstance, deps: HttpDependencies): void {
  const { store, clock, logger, metrics } = deps;
  const followers = new LogFollowers(app, (count) => metrics.followed(count));

  app.get("/v1/audit/events", { onRequest: requireStaff(deps, "auditor", "operator") }, async (request, reply) => {
    const query = validOrRefuse(parseAuditEvents(queryOf(request)));
    const after = await placeIn(store, query.after);
    if (!query.follow && needsIndex(query)) await upToDate(deps, [auditIndex.name]);
    if (reply.sent) return reply;
    noteAct(request, "log_read", { filters: filtersOf(request) });
    // A HEAD request would otherwise follow without an end.
    const pieces = request.method === "HEAD" ? [] : logged(query.follow ? follow() : read(), request.id);
    reply.header("content-type", "application/x-ndjson");
    return reply.send(Readable.from(pieces, { objectMode: false }));

    function read(): AsyncIterable<string> {
      return eventPieces(foundEvents(deps, query, after), wantedBy(query), query.limit);
    }

    function follow(): AsyncIterable<string> {
      const ending = followers.join(reply.raw);
      // A buffering proxy would otherwise never pass anything on.
      reply.header("x-accel-buffering", "no");
      const events = store.subscribe({ after, ...categoriesOf(query), signal: ending.signal });
      return followedPieces(events, wantedBy(query), clock, ending);
    }
  });

  /** Logs why a reading stopped. The reader only sees a broken connection. */
  async function* logged(pieces: AsyncIterable<string>, request: string): AsyncGenerator<string> {
    try {
      yield* pieces;
    } catch (error) {
      if (error instanceof UnreadableEvent) {
        const { stream, revision, position, reason } = error;
        logger.error({ request, stream, revision, position, reason }, "a reading of the log stopped at an event");
      } else {
        logger.warn({ request, reason: String(error) }, "a reading of the log was broken off");
      }
      throw error;
    }
  }
}

/** The position to read after. Throws HttpError if the log does not have it: it is then from another log. */
async function placeIn(store: EventStore, after: Position | null): Promise<Position | null> {
  const head = await store.head();
  if (after === null || after === head) return after;
  if (head !== null && after < head && (await store.idAt(after)) !== null) return after;
  // The embedded log has no event there, and clients like to begin with it.
  if (/^0+$/.test(after)) return null;
  const errors = [
    head === null
      ? "after must not be beyond the log, which is empty"
      : after > head
        ? `after must not be beyond the log's end, which is ${head}`
        : `after must be the position of an event, and the log has none at ${after}`,
  ];
  throw new HttpError("invalid_request", { errors });
}
