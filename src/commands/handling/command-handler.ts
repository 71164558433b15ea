import { readStreamEvent } from "../../events/catalogue.ts";
import type { GatewayEvent } from "../../events/catalogue.ts";
import { RevisionConflict, UnreadableEvent } from "../../events/store/event-store-errors.ts";
import type { Position, Revision } from "../../events/store/position.ts";
import { retrying } from "../../runtime/retrying.ts";
import type { RetryOptions } from "../../runtime/retrying.ts";
import { appendSettled } from "./append-settled.ts";
import { eventsToAppend } from "./command-context.ts";
import type { Decider } from "./decider.ts";
import type { StreamStore } from "../../events/store/event-store.ts";

/**
 * How often a command that lost a race begins again. Each loss needs another change of the stream, so that of 16 changes at
 * once all are written. The waits grow from 5 ms to 0.1 s, about 2 s in all at the most.
 */
const RETRIES = 15;

const AFTER_LOST_RACES: Omit<RetryOptions, "retries"> = {
  minTimeout: 5,
  maxTimeout: 100,
  randomize: true,
  shouldRetry: (error) => error instanceof RevisionConflict,
};

/** The fold of a stream, one event at a time. */
type Evolve<State, Event> = (state: State | null, event: Event) => State;

/** A stream as it was last seen. */
export interface Loaded<State> {
  /** Null when the stream is empty. */
  readonly state: State | null;
  /** What the next append must expect; null when the stream is empty. */
  readonly revision: Revision | null;
  /** The last event, from which the next ones take over what request they belong to. */
  readonly last: { readonly id: string; readonly correlationId: string } | null;
}

/** A command on one stream, and how it is handled. */
export interface StreamCommand<Command, State, Event extends StreamEvent, StreamEvent extends GatewayEvent> {
  readonly stream: string;
  readonly evolve: Evolve<State, StreamEvent>;
  /** Says which events follow. Asked again with a newer state after a lost race. */
  readonly decide: Decider<Command, State | null, Event>;
  readonly command: Command;
  /** What comes before the events are appended, such as to reserve a value. Called again after a lost race. */
  readonly prepare?: (state: State | null, events: readonly Event[]) => Promise<void>;
  /** A UUID from which the ids of the events are derived. */
  readonly commandId: string;
  /** Who asks: `user:<id>`, `operator` or the name of a process. */
  readonly actor: string;
  /** The request that it belongs to, and what led to it. Default: those of the stream's last event, and that event. */
  readonly correlationId?: string;
  readonly causationId?: string;
  /**
   * Whether to begin again after every lost race, until `store` takes nothing more, as the store of a request does once its
   * time is over. Default: 15 times.
   */
  readonly untilRefused?: boolean;
  /** The stream as the caller knows it, which saves reading it. When that is out of date, the stream is read. */
  readonly known?: Loaded<State>;
}

/** What came of a command. */
export interface Handled<State, Event> extends Loaded<State> {
  /** What was appended; empty when there was nothing to do. */
  readonly events: readonly Event[];
  /** Where the last of them is in the log; null when there are none. */
  readonly position: Position | null;
}

/**
 * Reads a stream and folds it.
 *
 * @throws UnreadableEvent when an event is not in the catalogue, does not belong in the stream or does not follow from those before it
 */
export async function loadStream<State, StreamEvent extends GatewayEvent>(
  store: StreamStore,
  stream: string,
  evolve: Evolve<State, StreamEvent>,
): Promise<Loaded<State>> {
  let loaded: Loaded<State> = { state: null, revision: null, last: null };
  for (const recorded of await store.read(stream)) {
    const event = readStreamEvent<StreamEvent>(recorded);
    try {
      const last = { id: event.id, correlationId: event.metadata.$correlationId };
      loaded = { state: evolve(loaded.state, event), revision: event.revision, last };
    } catch (error) {
      throw new UnreadableEvent(event, error instanceof Error ? error.message : String(error), { cause: error });
    }
  }
  return loaded;
}

/**
 * Handles a command on one stream: read, fold, decide, append at the revision read; when somebody else was faster, all
 * of it again (see `untilRefused`), so that a decision is never appended to a state that it was not made for. Unless the
 * command says otherwise, the new events belong to the same request as the stream's last one, and were caused by it.
 *
 * It has no limit of time of its own: a process may wait, and a request's handler gives it a store that takes nothing
 * more when the request's time is over.
 *
 * @throws RevisionConflict when others were faster each time, and whatever `decide`, `prepare` and the store throw
 */
export function handleCommand<Command, State, Event extends StreamEvent, StreamEvent extends GatewayEvent>(
  store: StreamStore,
  asked: StreamCommand<Command, State, Event, StreamEvent>,
): Promise<Handled<State, Event>> {
  const { stream, evolve, decide, command, commandId, actor } = asked;
  const handleOnce = async (first: boolean): Promise<Handled<State, Event>> => {
    const known = first ? asked.known : undefined;
    const loaded = known ?? (await loadStream(store, stream, evolve));
    const events = decide(command, loaded.state);
    if (events.length === 0) return { ...loaded, events, position: null };
    await asked.prepare?.(loaded.state, events);
    const correlationId = asked.correlationId ?? loaded.last?.correlationId ?? commandId;
    const inherited = asked.correlationId === undefined ? loaded.last?.id : undefined;
    const causationId = asked.causationId ?? inherited ?? commandId;
    const appends = eventsToAppend(events, { commandId, correlationId, causationId, actor });
    const { revision, position } = await appendSettled(store, stream, appends, loaded.revision ?? "no_stream");
    const state = events.reduce<State | null>(evolve, loaded.state);
    return { state, revision, last: { id: appends.at(-1)?.id ?? commandId, correlationId }, events, position };
  };
  return retrying(handleOnce, {
    ...AFTER_LOST_RACES,
    retries: asked.untilRefused ? Number.POSITIVE_INFINITY : RETRIES,
  });
}
