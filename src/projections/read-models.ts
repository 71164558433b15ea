import { auditTree } from "./audit-tree/audit-tree.ts";
import { deliveries } from "./deliveries.ts";
import { dueDeliveries } from "./due-deliveries.ts";
import { endpointStatistics } from "./endpoint-statistics/endpoint-statistics.ts";
import { endpoints } from "./endpoints.ts";
import { heldDeliveries } from "./held-deliveries.ts";
import { pauses } from "./pauses.ts";
import type { AnyProjection } from "./projection.ts";
import { users } from "./users.ts";

/** Every read model that is kept in the document store. A new one is one file and a line here. */
export const PROJECTIONS: readonly AnyProjection[] = [
  users,
  endpoints,
  deliveries,
  dueDeliveries,
  heldDeliveries,
  pauses,
  endpointStatistics,
  auditTree,
] as readonly AnyProjection[];

/** The names of those that clients' requests and retries are answered from: without them a gateway is not ready to begin. */
export const ANSWERING: readonly string[] = [users, endpoints, deliveries, dueDeliveries].map(({ name }) => name);
