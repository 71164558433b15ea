import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { StreamStore } from "../../events/store/event-store.ts";
import { StoreUnavailable } from "../../events/store/event-store-errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { unavailable } from "./error-handler.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** How long it may still wait for the stores, in ms. */
    msToWait: number;
    /** `overdue`: it was answered 503 because its time was over, so no client waits for the rest of its work. */
    answer: "awaited" | "begun" | "overdue";
  }
}

/**
 * How long a request may wait for the stores in all, in ms. One store may stall for 4 s and still answer; two in a row
 * may not, because the client is promised an answer within 5 s.
 */
const WAIT_MS = 4_700;

/**
 * Answers 503 with Retry-After when a handler takes too long. The time in which the body arrives does not count, nor
 * does the rest of a reply that has begun. Call it before the routes are registered.
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
 * The result or error of `work`, if it comes within the request's remaining time. The work itself continues; its later
 * result is ignored.
 *
 * @throws HttpError 503 when the time is over
 */
export function inTime<T>(request: FastifyRequest, clock: Clock, work: Promise<T>): Promise<T> {
  const begunAt = clock.monotonic();
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(request.msToWait, () => {
      if (request.answer !== "awaited") return;
      request.answer = "overdue";
      reject(unavailable("the stores did not answer the request in time"));
    });
    const settle = (): void => {
      cancel();
      request.msToWait = Math.max(0, request.msToWait - (clock.monotonic() - begunAt));
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
 * The log for a request's commands. It refuses everything once the request was answered: a user created after a 503
 * would keep the name, but no client would have the key.
 */
export function storeOf(request: FastifyRequest, store: StreamStore): StreamStore {
  const refuseWhenOverdue = (): void => {
    if (request.answer === "overdue") throw new StoreUnavailable("the request's time is over");
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
