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

/**
 * Takes the log into use with this master key, unless it was before, perhaps by another instance at this moment.
 *
 * @param now ISO 8601 UTC
 * @returns the check that holds for this log: the given one, or that of the instance that was first
 * @throws whatever the store throws
 */
export async function beginLog(
  store: EventStore,
  masterKeyCheck: string,
  now: string,
  context: CommandContext,
): Promise<string> {
  const begun = await masterKeyCheckOf(store);
  if (begun !== null) return begun;
  const event: LogBegun = { type: "LogBegun", data: { masterKeyCheck, begunAt: now } };
  try {
    await appendSettled(store, LOG_STREAM, eventsToAppend([event], context), "no_stream");
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    return (await masterKeyCheckOf(store)) ?? masterKeyCheck;
  }
  return masterKeyCheck;
}
