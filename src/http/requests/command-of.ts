import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { CommandContext } from "../../commands/handling/command-context.ts";
import { staffOf, userOf } from "../access/authentication.ts";

/** The command context of a user's request, which must have passed `requireUser`. */
export function commandOf(request: FastifyRequest): CommandContext {
  return { commandId: randomUUID(), correlationId: request.id, actor: `user:${userOf(request).user_id}` };
}

/** The command context of a staff's request, which must have passed `requireStaff`. */
export function staffCommandOf(request: FastifyRequest): CommandContext {
  return { commandId: randomUUID(), correlationId: request.id, actor: staffOf(request) };
}
