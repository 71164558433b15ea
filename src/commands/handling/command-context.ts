import { schemaVersionOf } from "../../events/catalogue.ts";
import type { GatewayEvent } from "../../events/catalogue.ts";
import { derivedId } from "../../events/store/derived-id.ts";
import type { EventToAppend } from "../../events/store/event-store.ts";

/** Who asks for a command, and on which occasion. Comes in with the command; the core makes neither ids nor times. */
export interface CommandContext {
  /** A UUID; a repeated command repeats it, so that its events get the same ids. */
  readonly commandId: string;
  /** The request (or tick) that all of this goes back to. */
  readonly correlationId: string;
  /** The event that led to the command; absent when the command itself is the beginning. */
  readonly causationId?: string;
  /** `user:<id>`, `operator`, `anonymous`, or the name of a process. */
  readonly actor: string;
}

/**
 * The events as they are appended: ids derived from the command (UUID version 5, RFC 9562 section 5.5) and metadata
 * copied from its context. `step` tells the appends of one command apart when it makes several.
 */
export function eventsToAppend(events: readonly GatewayEvent[], context: CommandContext, step = ""): EventToAppend[] {
  return events.map((event, index) => ({
    id: derivedId(context.commandId, `${step}${index}`),
    type: event.type,
    data: event.data,
    metadata: {
      $correlationId: context.correlationId,
      $causationId: context.causationId ?? context.commandId,
      actor: context.actor,
      schemaVersion: schemaVersionOf(event.type),
    },
  }));
}
