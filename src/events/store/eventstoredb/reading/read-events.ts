import { withinTime } from "../../../../runtime/time-limit.ts";
import type { ReadStreamOptions, RecordedEvent } from "../../event-store.ts";
import { StoreUnavailable } from "../../event-store-errors.ts";
import type { Position, Revision } from "../../position.ts";
import { Backoff } from "../backoff.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import { codeOf, isInvalidPosition, reasonOf, status } from "../wire/grpc-status.ts";
import { allRequest, streamRequest } from "../wire/read-request.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import { readServerMessage } from "../wire/server-message.ts";
import { serverPlaceOf, serverRevisionOf } from "../wire/server-place.ts";
import { PulledStream } from "./pulled-stream.ts";

type Request = Parameters<ServerCalls["read"]>[0];

/** The longest wait before a read is retried, in ms. */
const LONGEST_BACKOFF_MS = 250;
/**
 * The longest wait between checks for the winner of a race to become readable, in ms: it takes 6 ms in the median, 43
 * ms at worst.
 */
const LONGEST_READABLE_WAIT_MS = 20;
/** Errors that a retry would only repeat. */
const FINAL: ReadonlySet<number | null> = new Set([
  status.invalidArgument,
  status.permissionDenied,
  status.failedPrecondition,
  status.unimplemented,
  status.unauthenticated,
]);
/** How many events the server searches at a time for matching ones. */
const WINDOW = 1_024;
const NEVER = new AbortController().signal;

/** Short reads that a caller waits for. Each is retried until it succeeds or its time is up. */
export class EventReader {
  readonly #calls: Pick<ServerCalls, "read">;
  readonly #names: StreamNames;
  readonly #deadlineMs: number;
  readonly #closing: AbortSignal;

  /**
   * @param deadlineMs how long a read may take, with all its tries
   * @param closing ends every read at once with StoreUnavailable
   */
  constructor(calls: Pick<ServerCalls, "read">, names: StreamNames, deadlineMs: number, closing = NEVER) {
    this.#calls = calls;
    this.#names = names;
    this.#deadlineMs = deadlineMs;
    this.#closing = closing;
  }

  /** The events of a stream, empty if it does not exist. Throws StoreUnavailable, UnreadableEvent. */
  async stream(stream: string, { from, limit }: ReadStreamOptions): Promise<RecordedEvent[]> {
    if (limit === 0) return [];
    const count = limit !== undefined && Number.isFinite(limit) ? limit : undefined;
    const first = from === undefined ? 0n : serverRevisionOf(from);
    const found = await this.#patiently(streamRequest(this.#names.onServer(stream), first, count));
    return found.map((event) => event.recorded());
  }

  /**
   * The type of the last event of a stream with this name on the server, which need not be in the log; null if there is
   * none. Throws StoreUnavailable.
   */
  async lastTypeIn(name: string): Promise<string | null> {
    const found = await this.#patiently(streamRequest(name, 0n, undefined));
    return found.at(-1)?.type ?? null;
  }

  /**
   * Waits until the stream can be read up to this revision: the server may report a conflict before the winning event
   * is readable. Throws StoreUnavailable when that takes too long.
   */
  async untilReadable(stream: string, revision: Revision): Promise<void> {
    const endsAt = performance.now() + this.#deadlineMs;
    const backoff = new Backoff(LONGEST_READABLE_WAIT_MS, 2);
    while ((await this.stream(stream, { from: revision, limit: 1 })).length === 0) {
      if (performance.now() > endsAt) {
        throw new StoreUnavailable(`the event store does not yet return event ${revision} of ${stream}`);
      }
      await backoff.wait(this.#closing);
    }
  }

  /** The last event of all programs, or null if there is none. Throws StoreUnavailable. */
  async end(): Promise<FoundEvent | null> {
    const [last] = await this.#patiently(allRequest("end", "backwards", 1));
    return last ?? null;
  }

  /**
   * The first event after a place (exclusive; null: the beginning) in a stream with one of these prefixes, or null.
   * Searches for at most `milliseconds`. Throws StoreUnavailable.
   */
  async firstAfter(
    place: Position | null,
    prefixes: readonly string[],
    milliseconds = this.#deadlineMs,
  ): Promise<FoundEvent | null> {
    const from = place === null ? "start" : serverPlaceOf(place);
    // The read also returns the event at the place itself.
    const request = allRequest(from, "forwards", 2, { prefixes, window: WINDOW });
    const found = await this.#patiently(request, milliseconds);
    return found.find(({ position }) => place === null || position > place) ?? null;
  }

  /**
   * The last event in a stream with one of these prefixes, or null: of the last two the one that is in the log, since
   * the mark of an import may come after it. Searches like `firstAfter`.
   */
  async last(prefixes: readonly string[], milliseconds = this.#deadlineMs): Promise<FoundEvent | null> {
    const request = allRequest("end", "backwards", 2, { prefixes, window: WINDOW });
    const found = await this.#patiently(request, milliseconds);
    return found.find(({ stream }) => stream !== null) ?? found[1] ?? null;
  }

  /**
   * The event at exactly this position, or null. The server may refuse a position where no event begins. Throws
   * StoreUnavailable.
   */
  async at(position: Position): Promise<FoundEvent | null> {
    const [event] = await this.#patiently(allRequest(serverPlaceOf(position), "forwards", 1), this.#deadlineMs, true);
    return event?.position === position ? event : null;
  }

  async #patiently(request: Request, milliseconds = this.#deadlineMs, mayNotBe = false): Promise<FoundEvent[]> {
    const endsAt = performance.now() + milliseconds;
    const backoff = new Backoff(LONGEST_BACKOFF_MS);
    let reason: unknown;
    for (;;) {
      try {
        return await this.#gathered(request, Math.max(Math.ceil(endsAt - performance.now()), 1));
      } catch (error) {
        const code = codeOf(error);
        const isInvalid = isInvalidPosition(error);
        if (mayNotBe && isInvalid) return [];
        // A last try that ran out of time tells less than the failure before it.
        if (!(error instanceof StoreUnavailable)) reason = error;
        reason ??= error;
        const isOver = (): boolean =>
          isInvalid || FINAL.has(code) || this.#closing.aborted || performance.now() >= endsAt;
        if (!isOver()) await backoff.wait(this.#closing);
        if (isOver()) {
          throw new StoreUnavailable(`the event store cannot be read: ${reasonOf(reason)}`, { cause: reason });
        }
      }
    }
  }

  /** All events of a call, which may be silent for at most `silenceMs`. */
  async #gathered(request: Request, silenceMs: number): Promise<FoundEvent[]> {
    const { call, broke } = await this.#begin(request, silenceMs);
    const pulled = new PulledStream(call);
    const wake = (): void => pulled.wake();
    this.#closing.addEventListener("abort", wake);
    const found: FoundEvent[] = [];
    try {
      for (;;) {
        if (this.#closing.aborted) throw new StoreUnavailable("the event store is closed");
        for (const message of pulled.take()) {
          const said = readServerMessage(message, this.#names);
          if (said.kind === "event") found.push(said.event);
        }
        if (pulled.ended) return found;
        if (!(await pulled.changed(silenceMs))) {
          throw new StoreUnavailable(`it was silent for ${silenceMs} ms`);
        }
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable) && error instanceof Error) broke(error);
      throw error;
    } finally {
      this.#closing.removeEventListener("abort", wake);
      // Otherwise it would stay open on the server.
      pulled.cancel();
    }
  }

  /** Begins a call. The client may search for a node for longer than the caller waits. */
  async #begin(request: Request, milliseconds: number): ReturnType<ServerCalls["read"]> {
    const opened = this.#calls.read(request);
    try {
      return await withinTime(
        opened,
        milliseconds,
        () => new StoreUnavailable(`there was no connection for ${milliseconds} ms`),
      );
    } catch (error) {
      opened.then(({ call }) => call.cancel()).catch(() => undefined);
      throw error;
    }
  }
}
