import { LogReplaced, StoreUnavailable } from "../event-store-errors.ts";
import { Waiters } from "../memory/log-watch.ts";
import type { Position } from "../position.ts";
import { Backoff } from "./backoff.ts";
import type { FollowerConnection } from "./connection-state.ts";
import { reasonOf } from "./grpc-status.ts";
import { LogSubscription } from "./log-subscription.ts";
import type { EventReader } from "./read-events.ts";
import { RecentEvents } from "./recent-events.ts";
import type { FoundEvent } from "./recorded-event.ts";
import type { ServerCalls } from "./server-calls.ts";
import { serverPlaceOf } from "./server-place.ts";
import type { StreamNames } from "./stream-names.ts";

/** How often it looks how far the log has come, in ms, while nothing comes; and when somebody waits for that. */
const LOOK_MS = 250;
const WAITED_FOR_LOOK_MS = 20;
/** How many events the server looks through at a time for those that are asked for. */
const WINDOW = 256;

/** What the tail needs of its store. */
export interface TailContext {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "end" | "at" | "firstBehind">;
  /** For how long the subscription may bring nothing of what is due, in ms. */
  readonly stalledMs: number;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  /** The furthest place that anybody was told of as the log's end, and so may be waiting for. */
  known(): Position | null;
  readonly connection: FollowerConnection;
}

/** One who follows the log. */
export interface TailMember {
  /** From which categories; undefined: all. */
  readonly categories: readonly string[] | undefined;
  /** Why the log can be followed no further. */
  failure: LogReplaced | null;
}

/**
 * The end of the log, which all who follow it in this process share: one subscription, each event decoded once. Who is
 * further behind than what is kept of it reads by himself until he is here.
 */
export class LogTail {
  readonly #context: TailContext;
  readonly #members = new Set<TailMember>();
  readonly #waiters = new Waiters();
  #recent: RecentEvents | null = null;
  #searchedTo: Position | null = null;
  #last: FoundEvent | null = null;
  #running = false;
  #subscription: LogSubscription | null = null;
  /** The categories that the subscription asks for: null for all. */
  #asked: ReadonlySet<string> | null = new Set();
  #wider = false;

  constructor(context: TailContext) {
    this.#context = context;
  }

  /** Follows from now on, until `leave`. */
  join(categories: readonly string[] | undefined): TailMember {
    const member: TailMember = { categories, failure: null };
    this.#members.add(member);
    if (!this.#covers(categories)) {
      this.#wider = true;
      this.#subscription?.wake();
    }
    if (!this.#running) void this.#run();
    return member;
  }

  /** The member has what it wanted. */
  leave(member: TailMember): void {
    this.#members.delete(member);
    if (this.#members.size === 0) this.#subscription?.wake();
  }

  /** Behind which place all events are here, null for the log's beginning; undefined while nothing is known. */
  get start(): Position | null | undefined {
    return this.#recent?.start;
  }

  /** Everything up to there that is asked for was here. */
  get searchedTo(): Position | null {
    return this.#searchedTo;
  }

  /** The first event behind a place that is known here, or null; "gone" when it has to be read from the log. */
  next(place: Position | null): FoundEvent | null | "gone" {
    return this.#recent === null ? null : this.#recent.next(place);
  }

  /** Resolves when something may have changed, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#waiters.wait(signal);
  }

  /** Somebody waits for the log's end. */
  hurry(): void {
    this.#subscription?.wake();
  }

  #isEnding(): boolean {
    return this.#context.closing.aborted || this.#members.size === 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    const { closing, connection } = this.#context;
    const wake = (): void => this.#subscription?.wake();
    closing.addEventListener("abort", wake);
    const backoff = new Backoff();
    while (!this.#isEnding()) {
      try {
        await this.#follow(backoff);
      } catch (error) {
        if (error instanceof LogReplaced) this.#giveUp(error);
        else if (!this.#isEnding()) connection.note(reasonOf(error));
        if (!this.#isEnding()) await backoff.wait(closing);
      }
    }
    closing.removeEventListener("abort", wake);
    connection.leave();
    this.#forget();
    this.#running = false;
  }

  /** One subscription, until it ends or others are asked for. */
  async #follow(backoff: Backoff): Promise<void> {
    const { calls, names, connection, stalledMs } = this.#context;
    await this.#begin();
    const prefixes = names.prefixes(this.#asked === null ? undefined : [...this.#asked]);
    const after = this.#searchedTo === null ? "start" : serverPlaceOf(this.#searchedTo);
    const subscription = await LogSubscription.open(calls, names, after, { prefixes, window: WINDOW });
    this.#subscription = subscription;
    let confirmed = false;
    let quietSince = performance.now();
    let lookedAt = quietSince;
    try {
      while (!this.#isEnding() && !this.#wider) {
        const news = subscription.next();
        if (news !== null) {
          if (!confirmed) connection.note(null);
          confirmed = true;
          quietSince = performance.now();
          if (news.kind === "event") this.#add(news.event);
          if (news.kind === "event") backoff.reset();
          continue;
        }
        this.#waiters.wakeAll();
        if (subscription.ended) throw new StoreUnavailable("the event store ended the subscription");
        if (performance.now() - quietSince > stalledMs) {
          throw new StoreUnavailable(`the event store sent nothing of what is due for ${stalledMs} ms`);
        }
        const someoneWaits = (this.#context.known() ?? "") > (this.#searchedTo ?? "");
        const lookIn = lookedAt + (someoneWaits ? WAITED_FOR_LOOK_MS : LOOK_MS) - performance.now();
        if (!confirmed) await subscription.changed(stalledMs);
        else if (lookIn > 0) await subscription.changed(lookIn);
        else {
          if (await this.#look(prefixes)) quietSince = performance.now();
          lookedAt = performance.now();
        }
      }
    } finally {
      this.#subscription = null;
      subscription.cancel();
    }
  }

  /** Where the subscription begins: at the log's end at first, then where it was, if the log is still the same. */
  async #begin(): Promise<void> {
    const { reader } = this.#context;
    const end = await reader.end();
    const place = this.#searchedTo;
    if (place !== null && (end === null || end.position < place)) throw new LogReplaced(place);
    if (this.#last !== null && (await reader.at(this.#last.position))?.id !== this.#last.id) {
      throw new LogReplaced(this.#last.position);
    }
    if (this.#recent !== null && !this.#wider) return;
    this.#wider = false;
    this.#asked = askedBy(this.#members);
    // What others asked for was not looked for so far.
    this.#searchedTo = end?.position ?? null;
    this.#recent = new RecentEvents(this.#searchedTo);
    this.#last = end?.stream == null ? null : end;
    this.#waiters.wakeAll();
  }

  #add(event: FoundEvent): void {
    // Whether the log is another one is for the look before the next subscription to say.
    if (this.#searchedTo !== null && event.position <= this.#searchedTo) {
      throw new StoreUnavailable("the event store sent an event out of order");
    }
    this.#searchedTo = event.position;
    if (event.stream === null) return;
    this.#last = event;
    this.#recent?.add(event);
  }

  /**
   * Looks for itself how far the log has come, for the server says nothing of what it leaves out. Gives false when
   * something that is asked for should have come by now.
   */
  async #look(prefixes: readonly string[]): Promise<boolean> {
    const { reader } = this.#context;
    const place = this.#searchedTo;
    const end = await reader.end();
    if (end === null || (place !== null && end.position <= place)) return true;
    const due = await reader.firstBehind(place, prefixes);
    if (due !== null && due.position <= end.position) return false;
    this.#searchedTo = end.position;
    this.#waiters.wakeAll();
    return true;
  }

  #covers(categories: readonly string[] | undefined): boolean {
    if (this.#asked === null) return true;
    const asked = this.#asked;
    return categories?.every((category) => asked.has(category)) ?? false;
  }

  #giveUp(error: LogReplaced): void {
    for (const member of this.#members) member.failure = error;
    this.#members.clear();
    this.#forget();
  }

  #forget(): void {
    this.#recent = null;
    this.#searchedTo = null;
    this.#last = null;
    this.#asked = new Set();
    this.#waiters.wakeAll();
  }
}

function askedBy(members: ReadonlySet<TailMember>): ReadonlySet<string> | null {
  const asked = new Set<string>();
  for (const { categories } of members) {
    if (categories === undefined) return null;
    for (const category of categories) asked.add(category);
  }
  return asked;
}
