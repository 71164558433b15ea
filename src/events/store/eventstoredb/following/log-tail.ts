import { LogReplaced, StoreUnavailable } from "../../event-store-errors.ts";
import { Waiters } from "../../../../runtime/waiters.ts";
import type { Position } from "../../position.ts";
import { Backoff } from "../backoff.ts";
import { LogSubscription, sentNothing } from "../reading/log-subscription.ts";
import { refuseAnotherLog } from "../reading/same-log.ts";
import { isInvalidPosition, reasonOf } from "../wire/grpc-status.ts";
import type { FoundEvent } from "../wire/recorded-event.ts";
import { serverPlaceOf } from "../wire/server-place.ts";
import { lookAhead, nextLookAt } from "./look-ahead.ts";
import { TailContent } from "./tail-content.ts";
import type { TailContext } from "./tail-context.ts";
import { TailMembers } from "./tail-members.ts";
import type { TailMember } from "./tail-members.ts";

/** How many events the server looks through at a time for those that are asked for. */
const WINDOW = 256;

/**
 * The end of the log, which all who follow it in this process share: one subscription, each event decoded once. Who is
 * further behind than what is kept of it reads by itself until it is here.
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

  /** Follows from now on, until `leave`. */
  join(categories: readonly string[] | undefined): TailMember {
    const member = this.#members.join(categories);
    if (!this.#members.covers(member)) {
      this.#wider = true;
      this.#subscription?.wake();
    }
    if (!this.#running) void this.#run();
    return member;
  }

  /** The member has what it wanted. */
  leave(member: TailMember): void {
    this.#members.leave(member);
    if (this.#members.size === 0) this.#subscription?.wake();
  }

  /**
   * Behind which place all events that the member asks for are here, null for the log's beginning; undefined while nothing
   * is known of them.
   */
  startFor(member: TailMember): Position | null | undefined {
    return this.#members.covers(member) ? this.#content.recent?.start : undefined;
  }

  /** Everything up to there that is asked for was here. */
  get searchedTo(): Position | null {
    return this.#content.searchedTo;
  }

  /** The first event after a place that is known here, or null; "gone" when it has to be read from the log. */
  next(member: TailMember, place: Position | null): FoundEvent | null | "gone" {
    const { recent } = this.#content;
    return recent === null || !this.#members.covers(member) ? null : recent.next(place);
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
        const { searchedTo } = this.#content;
        if (error instanceof LogReplaced) this.#giveUp(error);
        else if (searchedTo !== null && isInvalidPosition(error)) this.#giveUp(new LogReplaced(searchedTo));
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
    const { calls, names, reader, connection, stalledMs } = this.#context;
    await this.#begin();
    const prefixes = names.prefixes(this.#members.asked);
    const { searchedTo: place } = this.#content;
    const after = place === null ? "start" : serverPlaceOf(place);
    const subscription = await LogSubscription.open(calls, names, after, { prefixes, window: WINDOW });
    this.#subscription = subscription;
    let confirmed = false;
    let quietSince = performance.now();
    let lookedAt = quietSince;
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
        const someoneWaits = (this.#context.known() ?? "") > (this.#content.searchedTo ?? "");
        const lookIn = nextLookAt(lookedAt, someoneWaits) - performance.now();
        if (!confirmed) {
          if (!(await subscription.changed(stalledMs))) throw sentNothing(stalledMs);
        } else if (lookIn > 0) {
          await subscription.changed(lookIn);
        } else {
          const searchedTo = await lookAhead(reader, this.#content.searchedTo, prefixes);
          lookedAt = performance.now();
          if (searchedTo === "due") continue;
          quietSince = lookedAt;
          backoff.reset();
          this.#content.lookedTo(searchedTo);
          this.#waiters.wakeAll();
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
    const place = this.#content.searchedTo;
    if (place !== null && (end === null || end.position < place)) throw new LogReplaced(place);
    await refuseAnotherLog(reader, [this.#content.last, this.#members.last]);
    if (this.#content.recent !== null && !this.#wider) return;
    this.#wider = false;
    this.#members.ask();
    // What others asked for was not looked for so far.
    this.#content.begin(end);
    this.#waiters.wakeAll();
  }

  #giveUp(error: LogReplaced): void {
    this.#members.fail(error);
    this.#forget();
  }

  #forget(): void {
    this.#content.forget();
    this.#members.forget();
    this.#waiters.wakeAll();
  }
}
