import { BACKWARDS, END, START, StreamNotFoundError } from "@eventstore/db-client";
import type { EventStoreDBClient, Position as ServerPosition, ResolvedEvent } from "@eventstore/db-client";
import { StoreUnavailable, UnreadableEvent } from "../event-store-errors.ts";
import type { ReadAllOptions, ReadStreamOptions, RecordedEvent } from "../event-store.ts";
import type { Position } from "../position.ts";
import { codeOf, reasonOf, status } from "./grpc-status.ts";
import { PulledStream } from "./pulled-stream.ts";
import type { ClientStream } from "./pulled-stream.ts";
import { recordedEventOf } from "./recorded-event.ts";
import { isLogStream, serverPlaceOf, serverRevisionOf, streamFilter } from "./server-place.ts";

/** Events that are asked for together; bounds what a call holds open on the server. */
const PAGE_EVENTS = 500;

/** A reading call of the client. */
type ReadCall = ClientStream & { cancel(): Promise<void> };

/** Reads from the server, each call with a limit to its silence. */
export class EventReader {
  readonly #client: EventStoreDBClient;
  readonly #silenceMs: number;

  /** `silenceMs`: how long the server may say nothing before a read is given up. */
  constructor(client: EventStoreDBClient, silenceMs: number) {
    this.#client = client;
    this.#silenceMs = silenceMs;
  }

  /** The events of a stream; none when it does not exist. Throws StoreUnavailable. */
  async stream(stream: string, { from, limit }: ReadStreamOptions): Promise<RecordedEvent[]> {
    if (limit === 0) return [];
    const call = this.#client.readStream(stream, {
      fromRevision: from === undefined ? START : serverRevisionOf(from),
      ...(limit !== undefined && Number.isFinite(limit) && { maxCount: limit }),
    });
    const events: RecordedEvent[] = [];
    try {
      for await (const event of this.#events(call)) events.push(event);
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw unavailable(error);
    }
    return events;
  }

  /** The log in pages, of what was in it when the reading began. Throws StoreUnavailable. */
  async *all({
    after = null,
    categories,
    limit = Number.POSITIVE_INFINITY,
  }: ReadAllOptions): AsyncGenerator<RecordedEvent> {
    const wanted = streamFilter(categories);
    const head = await this.head();
    let remaining = limit;
    let place = after;
    while (remaining > 0 && head !== null && (place === null || place < head)) {
      const page = await this.page(place, PAGE_EVENTS);
      for (const event of page) {
        if (event.position > head) return;
        place = event.position;
        if (!wanted(event.stream)) continue;
        yield event;
        remaining -= 1;
        if (remaining <= 0) return;
      }
      if (page.length === 0) return;
    }
  }

  /** At most `limit` events of all streams, the server's own too, behind `after` (exclusive). Throws StoreUnavailable. */
  async page(after: Position | null, limit: number): Promise<RecordedEvent[]> {
    // The server's reading is inclusive.
    const events = await this.pageFrom(
      after === null ? null : serverPlaceOf(after),
      after === null ? limit : limit + 1,
    );
    return events.filter(({ position }) => after === null || position > after).slice(0, limit);
  }

  /** The same from a place of the server on (inclusive; null: the beginning), which may be one between two events. */
  async pageFrom(place: ServerPosition | null, limit: number): Promise<RecordedEvent[]> {
    return this.#gathered(this.#client.readAll({ fromPosition: place ?? START, maxCount: limit }));
  }

  /**
   * The position of the last event of the log, whatever its kind, or null. The leader of a cluster is asked, for a follower
   * may not have it yet. Throws StoreUnavailable.
   */
  async head(): Promise<Position | null> {
    const call = this.#client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1, requiresLeader: true });
    return (await this.#gathered(call))[0]?.position ?? null;
  }

  /**
   * The id of the event at exactly this position, or null. One of the server's own events has none: it may be scavenged,
   * and nobody should then take the log for another one. The leader is asked, as for the head. Throws StoreUnavailable.
   */
  async idAt(position: Position): Promise<string | null> {
    const call = this.#client.readAll({ fromPosition: serverPlaceOf(position), maxCount: 1, requiresLeader: true });
    try {
      for await (const event of this.#events(call)) {
        return event.position === position && isLogStream(event.stream) ? event.id : null;
      }
    } catch (error) {
      // A position at which no event of this log begins may be refused as such.
      const code = codeOf(error);
      if (code !== status.invalidArgument && code !== status.outOfRange) throw unavailable(error);
    }
    return null;
  }

  async #gathered(call: ReadCall): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    try {
      for await (const event of this.#events(call)) events.push(event);
    } catch (error) {
      throw unavailable(error);
    }
    return events;
  }

  /** Every event of a call, which is cancelled when its consumer leaves early. Throws what the client throws. */
  async *#events(call: ReadCall): AsyncGenerator<RecordedEvent> {
    const pulled = new PulledStream<ResolvedEvent>(call);
    try {
      for (;;) {
        const resolved = pulled.take();
        const event = resolved && recordedEventOf(resolved);
        if (event !== null) yield event;
        else if (pulled.ended) return;
        else if (resolved === null && !(await pulled.changed(this.#silenceMs))) {
          throw new StoreUnavailable(`the event store said nothing for ${this.#silenceMs} ms`);
        }
      }
    } finally {
      // Otherwise it would stay open on the server. It rejects when the call never came about.
      if (!pulled.ended) call.cancel().catch(() => undefined);
    }
  }
}

function unavailable(error: unknown): StoreUnavailable | UnreadableEvent {
  if (error instanceof StoreUnavailable || error instanceof UnreadableEvent) return error;
  return new StoreUnavailable(`the event store cannot be read: ${reasonOf(error)}`, { cause: error });
}
