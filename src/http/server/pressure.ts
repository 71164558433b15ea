import { getHeapStatistics } from "node:v8";
import type { FastifyInstance } from "fastify";
import type { Health } from "../../observability/health.ts";
import { unavailable } from "./error-handler.ts";

/** The interval between checks, in ms. */
const CHECK_MS = 250;
/** The event loop is stuck if two checks in a row are this late, in ms. */
const STUCK_MS = 2_000;
/** The share of the heap's limit from which requests are refused. V8 collects garbage long before. */
const FULL_HEAP = 0.9;

/** Monitoring must get an answer, or it would kill the process with everything that is under way. */
const PROBES: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/metrics"]);

/** The state of the process at a check. */
export interface Load {
  /** How late the check was, in ms: the duration of a turn of the event loop. */
  readonly lateMs: number;
  /** The used share of the heap's limit, from 0 to 1. */
  readonly heapShare: number;
}

/** Decides check by check whether the process is overloaded. */
export class Pressure {
  #lateChecks = 0;

  /**
   * Returns why requests should be refused, or null. A single long pause, as of a suspended machine, does not count.
   */
  judge({ lateMs, heapShare }: Load): string | null {
    this.#lateChecks = lateMs >= STUCK_MS ? this.#lateChecks + 1 : 0;
    if (heapShare >= FULL_HEAP) return "its memory is nearly full";
    return this.#lateChecks >= 2 ? "its event loop is stuck" : null;
  }
}

/**
 * Answers 503 to every request except probes while the process is overloaded, and reports it in readiness. Replaces
 * `@fastify/under-pressure`, which does not know our readiness, decides on a single check, and builds the route's
 * options at each request; this costs one comparison per request.
 *
 * @param heapShare the used share of the heap's limit; tests pass their own
 */
export function refuseUnderPressure(app: FastifyInstance, health: Health, heapShare = usedShareOfHeap): void {
  const pressure = new Pressure();
  let reason: string | null = null;
  let checkedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    reason = pressure.judge({ lateMs: now - checkedAt - CHECK_MS, heapShare: heapShare() });
    checkedAt = now;
    if (reason === null) health.restore("load");
    else health.degrade("load", reason);
  }, CHECK_MS).unref();
  app.addHook("onClose", (_app, done) => {
    clearInterval(timer);
    done();
  });
  app.addHook("onRequest", (request, _reply, done) => {
    done(reason === null || PROBES.has(request.routeOptions.url) ? undefined : unavailable(reason));
  });
}

function usedShareOfHeap(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
