import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { CommandContext } from "../../commands/handling/command-context.ts";
import { actorOf } from "../access/actor.ts";

/** The command context of a request: its actor is who has the key, or `anonymous`. */
export function commandOf(request: FastifyRequest): CommandContext {
  return { commandId: randomUUID(), correlationId: request.id, actor: actorOf(request) };
}
