import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StreamStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { unavailable } from "./error-handler.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** How long it may still wait for the stores, in ms. */
    msToWait: number;
    /** `overdue`: it was answered 503, since its time had passed. No client waits for what it still does. */
    answer: "awaited" | "begun" | "overdue";
  }
}

/**
 * How long a request may wait for the stores in all, in ms. One of them may stall for 4 s and still answer; two that come
 * after each other may not, since the client is promised an answer within 5 s.
 */
const WAIT_MS = 4_700;

/**
 * Answers each request whose handler takes too long with 503 and Retry-After. The time in which its body arrives does not
 * count, nor what is left of a reply that has begun. Call it before the routes are registered.
 */
export function limitWaiting(app: FastifyInstance, clock: Clock): void {
  app.decorateRequest("msToWait", WAIT_MS);
  app.decorateRequest("answer", "awaited");
  app.addHook("onSend", (request, _reply, payload, done) => {
    if (request.answer === "awaited") request.answer = "begun";
    done(null, payload);
  });
  app.addHook("onRoute", (route) => {
    const { handler } = route;
    route.handler = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): unknown {
      const answered: unknown = handler.call(this, request, reply);
      return answered instanceof Promise ? inTime(request, clock, answered) : answered;
    };
  });
}

/**
 * What `work` gives or throws, if that comes within what a request may still wait. The work itself goes on; what it then
 * comes to is nobody's.
 *
 * @throws HttpError 503 when the time is over
 */
export function inTime<T>(request: FastifyRequest, clock: Clock, work: Promise<T>): Promise<T> {
  const begunAt = clock.now();
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(request.msToWait, () => {
      if (request.answer !== "awaited") return;
      request.answer = "overdue";
      reject(unavailable("what a request needs was not there in time"));
    });
    const settle = (): void => {
      cancel();
      // A clock that is set lengthens or shortens one request's time.
      request.msToWait = Math.min(request.msToWait, Math.max(0, request.msToWait - (clock.now() - begunAt)));
    };
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}

/**
 * The log for the commands of a request, which takes and gives nothing more once that was answered: a user who is created
 * after a 503 would keep the name, and no client would have the key.
 */
export function storeOf(request: FastifyRequest, store: StreamStore): StreamStore {
  const refuseWhenOverdue = (): void => {
    if (request.answer === "overdue") throw new StoreUnavailable("the request was answered for want of time");
  };
  return {
    append: async (...append) => {
      refuseWhenOverdue();
      return store.append(...append);
    },
    read: async (...read) => {
      refuseWhenOverdue();
      return store.read(...read);
    },
  };
}
