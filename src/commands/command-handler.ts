import pRetry from "p-retry";
import { readEvent } from "../events/catalogue.ts";
import type { GatewayEvent, KnownEvent } from "../events/catalogue.ts";
import { RevisionConflict, UnreadableEvent } from "../events/event-store-errors.ts";
import type { AppendResult, EventStore } from "../events/event-store.ts";
import type { Revision } from "../events/position.ts";
import { appendSettled } from "./append-settled.ts";
import { eventsToAppend } from "./command-context.ts";
import type { CommandContext } from "./command-context.ts";

/** A stream's state, with the revision that a next append must expect (null: the stream is empty). */
export interface Loaded<State> {
  readonly state: State | null;
  readonly revision: Revision | null;
}

/**
 * Reads a stream and folds it.
 *
 * @throws UnreadableEvent when an event is not in the catalogue or does not follow from those before it.
 */
export async function loadStream<State>(
  store: EventStore,
  stream: string,
  evolve: (state: State | null, event: GatewayEvent) => State,
): Promise<Loaded<State>> {
  let loaded: Loaded<State> = { state: null, revision: null };
  for (const recorded of await store.read(stream)) {
    const event = readEvent(recorded);
    loaded = { state: evolveLoudly(evolve, loaded.state, event), revision: event.revision };
  }
  return loaded;
}

function evolveLoudly<State>(
  evolve: (state: State | null, event: GatewayEvent) => State,
  state: State | null,
  event: KnownEvent,
): State {
  try {
    return evolve(state, event);
  } catch (error) {
    throw new UnreadableEvent(event, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What came of a command: its events and where they stand; `appended` is null when there was nothing to do. */
export interface Handled<State, Event> {
  readonly state: State | null;
  readonly events: readonly Event[];
  readonly appended: AppendResult | null;
}

/**
 * Handles a command on one stream: read, fold, decide, append at the revision read; when somebody else was faster, all
 * of it again (at most 5 times, so that a decision is never appended to a state that it was not made for).
 *
 * @throws RevisionConflict when others were faster each time, and whatever `decide` and the store throw.
 */
export function handleCommand<State, Event extends GatewayEvent>(
  store: EventStore,
  stream: string,
  evolve: (state: State | null, event: GatewayEvent) => State,
  decide: (state: State | null) => readonly Event[],
  context: CommandContext,
): Promise<Handled<State, Event>> {
  const attempt = async (): Promise<Handled<State, Event>> => {
    const { state, revision } = await loadStream(store, stream, evolve);
    const events = decide(state);
    if (events.length === 0) return { state, events, appended: null };
    const appended = await appendSettled(store, stream, eventsToAppend(events, context), revision ?? "no_stream");
    return { state: events.reduce<State | null>(evolve, state), events, appended };
  };
  return pRetry(attempt, {
    retries: 4,
    minTimeout: 5,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof RevisionConflict,
  });
}
