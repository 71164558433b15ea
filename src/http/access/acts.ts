import type { FastifyRequest } from "fastify";
import { actorOf, keyIdOf } from "./actor.ts";

/** What owners and staff do that changes something or reveals it. A dispatch has a line of its own. */
export type Act =
  | "user_created"
  | "endpoint_registered"
  | "endpoint_updated"
  | "endpoint_disabled"
  | "endpoint_enabled"
  | "endpoint_deleted"
  | "secret_shown"
  | "secret_rotated"
  | "payload_read"
  | "history_read"
  | "log_read"
  | "deliveries_read"
  | "users_read"
  | "endpoints_read"
  | "rebuild_requested"
  | "rebuild_canceled"
  | "deliveries_paused"
  | "deliveries_resumed";

/** What an act was done to, by the names that it has in every line of the program's log. */
export interface ActObject {
  readonly user?: number;
  readonly endpoint?: number;
  readonly delivery?: string;
  readonly projection?: string;
  /** The names of what an owner changed, without their values. */
  readonly changes?: readonly string[];
  /** What was paused or resumed, and the reason that was given. */
  readonly scope?: string;
  readonly reason?: string | null;
  /** The filters with which the log or a list of deliveries was read (`filtersOf`). */
  readonly filters?: Readonly<Record<string, unknown>>;
}

/** Filters whose values no line of the program's log has. */
const PERSONAL = new Set(["username", "email", "url", "reference"]);

/** The query of a request as a line of the log may have it. */
export function filtersOf({ query }: Pick<FastifyRequest, "query">): Readonly<Record<string, unknown>> {
  const filters = Object.entries(query as Record<string, unknown>);
  return Object.fromEntries(filters.map(([name, value]) => [name, PERSONAL.has(name) ? "[redacted]" : value]));
}

/** Logs one line that says who did what, once it is done. A HEAD request reveals nothing, so it has none. */
export function noteAct(request: FastifyRequest, act: Act, object: ActObject): void {
  if (request.method === "HEAD") return;
  const { id, log } = request;
  log.info({ request: id, actor: actorOf(request), key: keyIdOf(request), act, ...object }, "act");
}
