import { endpointStream, evolveEndpoint } from "../../events/endpoint.ts";
import type { Endpoint, EndpointLifeEvent } from "../../events/endpoint.ts";
import type { CommandContext } from "./command-context.ts";
import { handleCommand } from "./command-handler.ts";
import type { Handled } from "./command-handler.ts";
import type { Decider } from "./decider.ts";
import { CommandRefused } from "./refusals.ts";
import type { StreamStore } from "../../events/store/event-store.ts";

/** In which states the endpoint may be, by how often it was changed (`Endpoint.changeCount`). */
export type ExpectedEndpoint = readonly number[];

/** What every command of an endpoint's owner says. */
export interface OwnersCommand {
  readonly endpointId: number;
  /** Refuses the command in any other state, so that two who change the same endpoint do not undo each other. Default: any. */
  readonly expected?: ExpectedEndpoint;
}

/**
 * Handles a command on an endpoint that exists; a deleted one is as unknown as one that never was.
 *
 * @param userId whose it has to be, who is asking; null: a process of the gateway asks. A user's command begins again after a
 *   lost race until `store` takes nothing more; a process's is tried 16 times.
 * @param prepare what comes before the events are appended, such as to reserve a value; called again after a lost race
 * @throws CommandRefused `endpoint_not_found`, `endpoint_access_denied`, `endpoint_changed`, or what `decide` throws
 * @throws whatever the store throws
 */
export function handleEndpointCommand<Command extends OwnersCommand, Event extends EndpointLifeEvent>(
  store: StreamStore,
  decide: Decider<Command, Endpoint, Event>,
  command: Command,
  userId: number | null,
  context: CommandContext,
  prepare?: (endpoint: Endpoint, events: readonly Event[]) => Promise<void>,
): Promise<Handled<Endpoint, Event>> {
  return handleCommand(store, {
    stream: endpointStream(command.endpointId),
    evolve: evolveEndpoint,
    decide: (asked, endpoint) => decide(asked, asExpected(existing(endpoint, userId), asked.expected)),
    command,
    prepare: async (endpoint, events) => prepare?.(existing(endpoint, userId), events),
    untilRefused: userId !== null,
    ...context,
  });
}

/**
 * The endpoint, when this user may do something to it.
 *
 * @throws CommandRefused `endpoint_not_found` or `endpoint_access_denied`
 */
export function existing(endpoint: Endpoint | null, userId: number | null): Endpoint {
  if (endpoint === null || endpoint.status === "deleted") throw new CommandRefused("endpoint_not_found");
  if (userId !== null && endpoint.userId !== userId) throw new CommandRefused("endpoint_access_denied");
  return endpoint;
}

/**
 * The endpoint, when it is in one of these states.
 *
 * @throws CommandRefused `endpoint_changed`
 */
function asExpected(endpoint: Endpoint, expected: ExpectedEndpoint | undefined): Endpoint {
  if (expected?.includes(endpoint.changeCount) === false) throw new CommandRefused("endpoint_changed");
  return endpoint;
}
