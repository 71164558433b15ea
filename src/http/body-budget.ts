import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../clock.ts";
import { refuseAndClose } from "./broken-requests.ts";
import { unavailable } from "./error-handler.ts";
import { HttpError } from "./errors.ts";

/** How long a body may be on its way until it has to give way to others, in ms. */
const PATIENCE_MS = 1_000;

interface Share {
  readonly request: FastifyRequest;
  readonly bytes: number;
  readonly since: number;
}

/**
 * Bounds the memory that request bodies take together, whatever the number of connections: a request whose body would go
 * beyond the budget is answered 503 before that body is read. A body without a length counts as the largest one.
 *
 * Only a request that has passed every other check gets a share. When there is no room, bodies that have been on their way
 * for a second give theirs up, the oldest first, and end with 408: else 400 clients that send a byte now and then, each of
 * a body that it said to be large, would keep everybody out.
 */
export function limitBodiesUnderWay(app: FastifyInstance, budgetBytes: number, clock: Clock): void {
  const largest = app.initialConfig.bodyLimit ?? budgetBytes;
  const shares = new Set<Share>();
  let underWay = 0;

  function release(share: Share): void {
    if (shares.delete(share)) underWay -= share.bytes;
  }

  function cutOffSlowOnes(needed: number): void {
    const latest = clock.now() - PATIENCE_MS;
    for (const share of shares) {
      if (underWay + needed <= budgetBytes || share.since > latest) return;
      // What is here in full is being worked on; its reply releases it.
      if (share.request.raw.complete) continue;
      release(share);
      refuseAndClose(new HttpError("request_timeout"), share.request.socket, clock);
    }
  }

  app.addHook("preParsing", (request: FastifyRequest, reply: FastifyReply, payload, done) => {
    const bytes = announcedBytes(request, largest);
    if (bytes === 0) {
      done(null, payload);
      return;
    }
    if (underWay + bytes > budgetBytes) cutOffSlowOnes(bytes);
    if (underWay + bytes > budgetBytes) {
      done(unavailable("too many request bodies are under way"));
      return;
    }
    const share = { request, bytes, since: clock.now() };
    shares.add(share);
    underWay += bytes;
    // Comes once for every response, also when the client hung up before there was one.
    reply.raw.once("close", () => release(share));
    done(null, payload);
  });
}

function announcedBytes({ headers }: FastifyRequest, largest: number): number {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return encoding === undefined ? Math.min(Number(length ?? 0), largest) : largest;
}
