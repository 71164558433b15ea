import { getHeapStatistics } from "node:v8";
import type { FastifyInstance } from "fastify";
import type { Health } from "../../observability/health.ts";
import { unavailable } from "./error-handler.ts";

/** How often it is looked, in ms. */
const LOOK_MS = 250;
/** How late a look has to be for the event loop to count as stuck, in ms, when the one before it was as late. */
const STUCK_MS = 2_000;
/** The share of the heap's limit from which on nothing more is taken. V8 collects garbage long before. */
const FULL_HEAP = 0.9;

/** Whoever watches the process has to get an answer, or would end it with all that is under way. */
const PROBES: ReadonlySet<string | undefined> = new Set(["/livez", "/readyz", "/metrics"]);

/** How the process is at a look. */
export interface Load {
  /** How much later than it should the look came, in ms: as long as a turn of the event loop took. */
  readonly lateMs: number;
  /** The part of the heap's limit that is used, from 0 to 1. */
  readonly heapShare: number;
}

/** Judges look after look whether the process has more to do than it can. */
export class Pressure {
  #lateLooks = 0;

  /** Gives why nothing more should be taken, or null. One long pause, as of a suspended machine, does not count. */
  judge({ lateMs, heapShare }: Load): string | null {
    this.#lateLooks = lateMs >= STUCK_MS ? this.#lateLooks + 1 : 0;
    if (heapShare >= FULL_HEAP) return "its memory is nearly full";
    return this.#lateLooks >= 2 ? "its event loop is stuck" : null;
  }
}

/**
 * Answers 503 to every request but a probe's while the process has more to do than it can, and says so in its readiness.
 * In place of `@fastify/under-pressure`, which knows nothing of our readiness, lets one look decide, and builds the options
 * of the route at each request to ask them; this costs a request one comparison.
 *
 * @param heapShare the part of the heap's limit that is used; another one is for tests
 */
export function refuseUnderPressure(app: FastifyInstance, health: Health, heapShare = usedShareOfHeap): void {
  const pressure = new Pressure();
  let reason: string | null = null;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    reason = pressure.judge({ lateMs: now - lookedAt - LOOK_MS, heapShare: heapShare() });
    lookedAt = now;
    if (reason === null) health.restore("load");
    else health.degrade("load", reason);
  }, LOOK_MS).unref();
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
