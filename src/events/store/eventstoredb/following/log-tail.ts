import { LogReplaced, StoreUnavailable } from "../../event-store-errors.ts";
import { Waiters } from "../../../../runtime/waiters.ts";
import type { Position } from "../../position.ts";
import { Backoff } from "../backoff.ts";
import { LogSubscription, sentNothing } from "../reading/log-subscription.ts";
import { refuseAnotherLog } from "../reading/same-log.ts";
import { isInvalidPosition, reasonOf } from "../wire/grpc-status.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import { serverPlaceOf } from "../wire/server-place.ts";
import { lookAhead, nextCheckAt } from "./look-ahead.ts";
import { TailContent } from "./tail-content.ts";
import type { TailContext } from "./tail-context.ts";
import { TailMembers } from "./tail-members.ts";
import type { TailMember } from "./tail-members.ts";

/** How many events the server searches at a time for matching ones. */
const WINDOW = 256;

/**
 * The end of the log, shared by all followers in this process: one subscription, and each event is decoded once. A
 * follower that is further back than the kept events reads by itself until it reaches them.
 */
export class LogTail {
  readonly #context: TailContext;
  readonly #members = new TailMembers();
  readonly #waiters = new Waiters();
  readonly #content = new TailContent();
  #running = false;
  #subscription: LogSubscription | null = null;
  #wider = false;

  constructor(context: TailContext) {
    this.#context = context;
  }

  /** Joins a follower, until `leave`. */
  join(categories: readonly string[] | undefined): TailMember {
    const member = this.#members.join(categories);
    if (!this.#members.covers(member)) {
      this.#wider = true;
      this.#subscription?.wake();
    }
    if (!this.#running) void this.#run();
    return member;
  }

  /** The member needs nothing more. */
  leave(member: TailMember): void {
    this.#members.leave(member);
    if (this.#members.size === 0) this.#subscription?.wake();
  }

  /**
   * The place after which the tail has all events that the member asks for; null for the log's beginning, undefined
   * while unknown.
   */
  startFor(member: TailMember): Position | null | undefined {
    return this.#members.covers(member) ? this.#content.recent?.start : undefined;
  }

  /** Every event up to here that the members ask for has arrived. */
  get searchedTo(): Position | null {
    return this.#content.searchedTo;
  }

  /** The first kept event after a place, or null; "gone" if it has to be read from the log. */
  next(member: TailMember, place: Position | null): FoundEvent | null | "gone" {
    const { recent } = this.#content;
    return recent === null || !this.#members.covers(member) ? null : recent.next(place);
  }

  /** Resolves when something may have changed, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#waiters.wait(signal);
  }

  /** Wakes the subscription, because a caller waits for the log's end. */
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
        const { searchedTo } = this.#content;
        if (error instanceof LogReplaced) this.#fail(error);
        else if (searchedTo !== null && isInvalidPosition(error)) this.#fail(new LogReplaced(searchedTo));
        else if (!this.#isEnding()) connection.note(reasonOf(error));
        if (!this.#isEnding()) await backoff.wait(closing);
      }
    }
    closing.removeEventListener("abort", wake);
    connection.leave();
    this.#forget();
    this.#running = false;
  }

  /** One subscription, until it ends or the categories asked for change. */
  async #follow(backoff: Backoff): Promise<void> {
    const { calls, names, reader, connection, stalledMs } = this.#context;
    await this.#begin();
    const prefixes = names.prefixes(this.#members.asked);
    const { searchedTo: place } = this.#content;
    const after = place === null ? "start" : serverPlaceOf(place);
    const subscription = await LogSubscription.open(calls, names, after, { prefixes, window: WINDOW });
    this.#subscription = subscription;
    let confirmed = false;
    let quietSince = performance.now();
    let checkedAt = quietSince;
    try {
      while (!this.#isEnding() && !this.#wider) {
        const messages = subscription.take();
        if (messages.length > 0) {
          if (!confirmed) connection.note(null);
          confirmed = true;
          quietSince = performance.now();
          for (const message of messages) {
            if (message.kind !== "event") continue;
            this.#content.add(message.event);
            backoff.reset();
          }
          this.#waiters.wakeAll();
          continue;
        }
        if (subscription.ended) throw new StoreUnavailable("the event store ended the subscription");
        if (performance.now() - quietSince >= stalledMs) throw sentNothing(stalledMs);
        const isAwaited = (this.#context.known() ?? "") > (this.#content.searchedTo ?? "");
        const checkIn = nextCheckAt(checkedAt, isAwaited) - performance.now();
        if (!confirmed) {
          if (!(await subscription.changed(stalledMs))) throw sentNothing(stalledMs);
        } else if (checkIn > 0) {
          await subscription.changed(checkIn);
        } else {
          const searchedTo = await lookAhead(reader, this.#content.searchedTo, prefixes);
          checkedAt = performance.now();
          if (searchedTo === "due") continue;
          quietSince = checkedAt;
          backoff.reset();
          this.#content.advanceTo(searchedTo);
          this.#waiters.wakeAll();
        }
      }
    } finally {
      this.#subscription = null;
      subscription.cancel();
    }
  }

  /** Where the subscription begins: first at the log's end, later where it was, if the log is still the same. */
  async #begin(): Promise<void> {
    const { reader } = this.#context;
    const end = await reader.end();
    const place = this.#content.searchedTo;
    if (place !== null && (end === null || end.position < place)) throw new LogReplaced(place);
    await refuseAnotherLog(reader, [this.#content.last, this.#members.last]);
    if (this.#content.recent !== null && !this.#wider) return;
    this.#wider = false;
    this.#members.ask();
    // The earlier subscription did not cover the categories of new members.
    this.#content.begin(end);
    this.#waiters.wakeAll();
  }

  #fail(error: LogReplaced): void {
    this.#members.fail(error);
    this.#forget();
  }

  #forget(): void {
    this.#content.forget();
    this.#members.forget();
    this.#waiters.wakeAll();
  }
}
