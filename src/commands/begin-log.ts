import { readEvent } from "../events/catalogue.ts";
import { LOG_STREAM } from "../events/log.ts";
import type { LogBegun } from "../events/log.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { RevisionConflict } from "../events/store/event-store-errors.ts";
import { appendSettled } from "./handling/append-settled.ts";
import { eventsToAppend } from "./handling/command-context.ts";
import type { CommandContext } from "./handling/command-context.ts";

/**
 * The check of the master key that the log was begun with, or null when it is new.
 *
 * @throws whatever the store throws
 */
export async function masterKeyCheckOf(store: Pick<EventStore, "read">): Promise<string | null> {
  const [first] = await store.read(LOG_STREAM, { limit: 1 });
  const event = first === undefined ? null : readEvent(first);
  return event?.type === "LogBegun" ? event.data.masterKeyCheck : null;
}

export interface BeginLog {
  /** Tells the master key from others, without giving it away. */
  readonly masterKeyCheck: string;
  /** ISO 8601 UTC */
  readonly now: string;
}

/**
 * The first event of a log: which master key it is used with. Nothing when it was begun before.
 *
 * @param begun the check that it was begun with; null when it is new
 */
export function decideBeginLog({ masterKeyCheck, now }: BeginLog, begun: string | null): LogBegun[] {
  if (begun !== null) return [];
  return [{ type: "LogBegun", data: { masterKeyCheck, begunAt: now } }];
}

/**
 * Takes the log into use with this master key, unless it was before, perhaps by another instance at this moment.
 *
 * @param onBegun called when this call began the log, once that is written
 * @returns the check that holds for this log: the given one, or that of the instance that was first
 * @throws whatever the store throws
 */
export async function beginLog(
  store: EventStore,
  command: BeginLog,
  context: CommandContext,
  onBegun: () => void = () => undefined,
): Promise<string> {
  const begun = await masterKeyCheckOf(store);
  const events = eventsToAppend(decideBeginLog(command, begun), context);
  if (events.length === 0) return begun ?? command.masterKeyCheck;
  try {
    await appendSettled(store, LOG_STREAM, events, "no_stream");
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    return (await masterKeyCheckOf(store)) ?? command.masterKeyCheck;
  }
  onBegun();
  return command.masterKeyCheck;
}
