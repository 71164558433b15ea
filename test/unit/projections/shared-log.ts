import type { SubscriptionMessage } from "../../../src/events/event-store.ts";
import type { MemoryEventStore } from "../../../src/events/memory/memory-event-store.ts";
import { positionOf } from "../../../src/events/position.ts";
import type { Position } from "../../../src/events/position.ts";

/** How many places there are in the database for each event of the log: the others are those of other programs. */
const SPREAD = 10;

/** How far one has looked who saw so many events of a shared log: past all that others wrote before the next one. */
export function searchedBehind(events: number): Position {
  return positionOf(events * SPREAD + SPREAD - 1);
}

/** Makes the log one in a database that other programs write to as well, whose events lie between its own. */
export function shareWithOthers(log: MemoryEventStore): void {
  const [subscribe, head, idAt] = [log.subscribe.bind(log), log.head.bind(log), log.idAt.bind(log)];
  log.subscribe = async function* ({ after = null, ...options }) {
    const inner = after === null ? null : positionOf(BigInt(after) / BigInt(SPREAD));
    for await (const message of subscribe({ ...options, after: inner })) yield spread(message);
  };
  log.head = async () => spreadPosition(await head());
  log.idAt = async (position) => {
    const place = BigInt(position);
    return place % BigInt(SPREAD) === 0n ? idAt(positionOf(place / BigInt(SPREAD))) : null;
  };
}

/** The `after` of each subscription from now on, in order. */
export function notePlaces(log: MemoryEventStore): readonly (Position | null | undefined)[] {
  const places: (Position | null | undefined)[] = [];
  const subscribe = log.subscribe.bind(log);
  log.subscribe = (options) => {
    places.push(options.after);
    return subscribe(options);
  };
  return places;
}

function spread(message: SubscriptionMessage): SubscriptionMessage {
  if (message.kind === "event") {
    return { kind: "event", event: { ...message.event, position: spreadPosition(message.event.position)! } };
  }
  const searchedTo = message.position === null ? null : searchedBehind(Number(message.position));
  return { kind: "caughtUp", position: spreadPosition(message.position), searchedTo };
}

function spreadPosition(position: Position | null): Position | null {
  return position === null ? null : positionOf(BigInt(position) * BigInt(SPREAD));
}
