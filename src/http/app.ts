import { randomUUID } from "node:crypto";
import { maxHeaderSize } from "node:http";
import fastify, { LogController } from "fastify";
import type { FastifyInstance } from "fastify";
import { adminPauseRoutes } from "./admin/admin-pause-routes.ts";
import { adminDeliveryRoutes } from "./admin/admin-delivery-routes.ts";
import { adminLoadRoutes } from "./admin/admin-load-routes.ts";
import { adminOverviewRoutes } from "./admin/admin-overview-routes.ts";
import { adminProjectionRoutes } from "./admin/admin-projection-routes.ts";
import { auditDeliveryRoutes } from "./audit/audit-delivery-routes.ts";
import { auditEventRoutes } from "./audit/audit-event-routes.ts";
import { auditListRoutes } from "./audit/lists/audit-list-routes.ts";
import { auditTreeRoutes } from "./audit/audit-tree-routes.ts";
import { deliveryRoutes } from "./deliveries/delivery-routes.ts";
import type { HttpDependencies } from "./dependencies.ts";
import { limitDispatches } from "./dispatch/dispatch-limits.ts";
import { dispatchRoutes } from "./dispatch/dispatch-routes.ts";
import { endpointChangeRoutes } from "./endpoints/endpoint-change-routes.ts";
import { endpointRoutes } from "./endpoints/endpoint-routes.ts";
import { endpointSecretRoutes } from "./endpoints/endpoint-secret-routes.ts";
import { endpointStatisticsRoutes } from "./endpoints/endpoint-statistics-routes.ts";
import { endpointTestRoutes } from "./endpoints/endpoint-test-routes.ts";
import { healthRoutes } from "./health/health-routes.ts";
import { pingRoutes } from "./health/ping-routes.ts";
import { acceptJsonOnly } from "./requests/request-body.ts";
import { refuseOtherMethods } from "./server/allowed-methods.ts";
import { limitBodiesUnderWay } from "./server/body-budget.ts";
import { refuseBrokenRequests, refuseWhatNodeAnswers } from "./server/broken-requests.ts";
import { refuseWhileClosing } from "./server/closing.ts";
import { handleErrors, refuseBadPath } from "./server/error-handler.ts";
import { answerHalfClosed } from "./server/half-closed.ts";
import { refuseOtherVersions } from "./server/http-version.ts";
import { refuseUnderPressure } from "./server/pressure.ts";
import { addReplyHeaders } from "./server/reply-headers.ts";
import { limitWaiting } from "./server/request-deadline.ts";
import { userRoutes } from "./users/user-routes.ts";

/** What a body may have beside the largest payload, in bytes. */
const BODY_MARGIN = 64 * 1024;

/** What the bodies of all requests under way may take together, in bytes. */
const BODIES_UNDER_WAY = 128 * 1024 * 1024;

/** The HTTP API, not yet listening. Never rejects; every error of a request becomes a reply of ERRORS. */
export async function buildApp(deps: HttpDependencies): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    // A logger for each request costs 5 µs; the few lines that are about a request name it themselves.
    childLoggerFactory: (logger) => logger,
    bodyLimit: deps.settings.maxPayloadBytes + BODY_MARGIN,
    // Node swaps the two when the first is not the larger one.
    requestTimeout: 15_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    exposeHeadRoutes: true,
    routerOptions: {
      // As long as a request's head may be, so that an id of any length is just an unknown one.
      maxParamLength: maxHeaderSize,
      // A base address with a slash at its end makes two of them.
      ignoreDuplicateSlashes: true,
    },
    frameworkErrors: refuseBadPath(deps.clock),
    clientErrorHandler: refuseBrokenRequests(deps.clock),
  });
  app.decorateRequest("user", null);
  app.decorateRequest("staff", null);
  app.decorateRequest("dispatch", null);
  answerHalfClosed(app);
  addReplyHeaders(app);
  refuseOtherVersions(app);
  handleErrors(app, deps.clock);
  refuseWhatNodeAnswers(app, deps.clock);
  refuseWhileClosing(app);
  refuseUnderPressure(app, deps.health);
  limitBodiesUnderWay(app, BODIES_UNDER_WAY, deps);
  acceptJsonOnly(app);
  limitWaiting(app, deps.clock);
  const refuseTheRest = refuseOtherMethods(app);
  const limits = limitDispatches(deps.settings, deps.pendingOfUser, deps.clock);
  pingRoutes(app);
  healthRoutes(app, deps);
  userRoutes(app, deps);
  endpointRoutes(app, deps);
  endpointSecretRoutes(app, deps);
  endpointStatisticsRoutes(app, deps);
  endpointChangeRoutes(app, deps);
  dispatchRoutes(app, deps, limits);
  endpointTestRoutes(app, deps, limits);
  deliveryRoutes(app, deps);
  adminProjectionRoutes(app, deps);
  adminPauseRoutes(app, deps);
  adminOverviewRoutes(app, deps);
  adminDeliveryRoutes(app, deps);
  adminLoadRoutes(app, deps);
  auditEventRoutes(app, deps);
  auditDeliveryRoutes(app, deps);
  auditListRoutes(app, deps);
  auditTreeRoutes(app, deps);
  refuseTheRest();
  await app.ready();
  return app;
}
