import { setImmediate as nextTurn } from "node:timers/promises";
import type { EventStore, RecordedEvent } from "../../events/store/event-store.ts";
import { revisionOf } from "../../events/store/position.ts";
import type { Position } from "../../events/store/position.ts";

/** How many events of a stream are read at a time. */
const PAGE = 100;

type Streams = Pick<EventStore, "read">;

/** The events of a stream after a position, in order. Reads of a long stream only a few events before them. */
export async function* streamAfter(
  store: Streams,
  stream: string,
  after: Position | null,
): AsyncGenerator<RecordedEvent> {
  let next = after === null ? 0 : await revisionAfter(store, stream, after);
  for (;;) {
    const page = await store.read(stream, { from: revisionOf(next), limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    next += page.length;
    await nextTurn();
  }
}

/** The revision of the first event after a position, or the one that the next event of the stream will have. */
async function revisionAfter(store: Streams, stream: string, after: Position): Promise<number> {
  const isAfter = async (revision: number): Promise<boolean> => {
    const [event] = await store.read(stream, { from: revisionOf(revision), limit: 1 });
    return event === undefined || event.position > after;
  };
  // Every revision below `low` is not after the position; `high` is.
  let low = 0;
  let high = 0;
  for (let step = 1; !(await isAfter(high)); step *= 2) {
    low = high + 1;
    high += step;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
