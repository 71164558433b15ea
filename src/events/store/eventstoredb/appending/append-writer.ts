import { UnavailableError } from "@eventstore/db-client";
import type { PreparedAppend } from "../../append/prepared-append.ts";
import type { AppendResult } from "../../event-store.ts";
import { Backoff } from "../backoff.ts";
import type { ServerCalls } from "../server-calls.ts";
import { failedAnswer, lostAnswer, mayBeCausedByAppend, singleAnswer } from "../wire/append-answer.ts";
import type { AppendAnswer } from "../wire/append-answer.ts";
import { AppendCall } from "./append-call.ts";
import { WaitingAppend } from "./waiting-append.ts";

/** How long an append that the server did not take waits for its next try, in ms. */
const AGAIN_MS = 100;
/** The longest wait before the next call, in ms: those who wait for their answers have some seconds only. */
const LONGEST_BACKOFF_MS = 500;
/** An append that was under way in so many calls that broke may be why they did: it goes alone from then on. */
const SUSPECT_BREAKS = 2;

/** A call with a late append is no good when it answered nothing for so much of an append's time: it may be younger than that. */
const SILENT = 0.5;

type Calls = Pick<ServerCalls, "appends" | "append">;

/**
 * Sends appends over one call, in the order in which they come. When the call breaks, or answers nothing for as long as an
 * append is waited for, it is given up as a whole, and what was under way is sent again over the next one, in the same
 * order: the server recognises what it has. An append that may have broken it goes alone.
 */
export class AppendWriter {
  readonly #calls: Calls;
  readonly #deadlineMs: number;
  readonly #backoff = new Backoff(LONGEST_BACKOFF_MS);
  readonly #closing = new AbortController();
  #call: AppendCall<CarriedAppend> | null = null;
  #opening = false;
  #begun = 0;
  /** In the order of the appends. */
  #toSend: WaitingAppend[] = [];
  /** Those that the server did not take, until the timer sends them again. */
  #repeated: WaitingAppend[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The server takes nothing now: what comes meanwhile is not to overtake those that wait. */
  #holding = false;

  /** `deadlineMs`: how long an append may take, all its tries together. */
  constructor(calls: Calls, deadlineMs: number) {
    this.#calls = calls;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Appends to the stream that the server calls so.
   *
   * @throws RevisionConflict, EventTooLarge with the server's limit, StoreUnavailable, AppendOutcomeUnknown
   */
  append(name: string, append: PreparedAppend): Promise<AppendResult> {
    this.#begun += 1;
    const waiting = new WaitingAppend(this.#begun, name, append, this.#deadlineMs, () => this.#giveUpWhenSilent());
    this.#toSend.push(waiting);
    this.#send();
    return waiting.outcome;
  }

  /** Ends the call. What is not settled then is given up. */
  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    const underWay = this.#call?.close().map(({ waiting }) => waiting) ?? [];
    for (const waiting of [...underWay, ...this.#repeated, ...this.#toSend]) waiting.abandon();
  }

  #send(): void {
    if (this.#closing.signal.aborted || this.#holding || this.#toSend.length === 0) return;
    const call = this.#call;
    if (call === null) {
      if (!this.#opening) void this.#open();
      return;
    }
    for (const waiting of this.#toSend.splice(0)) if (!waiting.settled) call.send(this.#carried(waiting));
  }

  async #open(): Promise<void> {
    this.#opening = true;
    await this.#sendSuspectsAlone();
    try {
      const made = await this.#calls.appends();
      if (this.#closing.signal.aborted) made.call.cancel();
      else this.#call = new AppendCall(made, (underWay, error) => this.#lost(underWay, error));
    } catch (error) {
      for (const waiting of this.#toSend) waiting.take(failedAnswer(error));
      await this.#backoff.wait(this.#closing.signal);
    }
    this.#opening = false;
    this.#putBack([]);
  }

  /** One after the other, so that they keep their order. One that fails again does not hold up those after it. */
  async #sendSuspectsAlone(): Promise<void> {
    const suspects = this.#toSend.filter(({ breaks, settled }) => breaks >= SUSPECT_BREAKS && !settled);
    if (suspects.length === 0) return;
    this.#toSend = this.#toSend.filter((waiting) => !suspects.includes(waiting));
    for (const suspect of suspects) {
      if (suspect.settled || this.#closing.signal.aborted) continue;
      const answer = await this.#calls
        .append(suspect.messages(), suspect.millisecondsLeft)
        .then(singleAnswer, failedAnswer);
      this.#take(suspect, answer);
    }
  }

  #carried(waiting: WaitingAppend): CarriedAppend {
    return {
      waiting,
      message: (correlationId) => waiting.message(correlationId),
      answered: (answer) => {
        this.#backoff.reset();
        this.#take(waiting, answer);
      },
    };
  }

  #take(waiting: WaitingAppend, answer: AppendAnswer): void {
    if (waiting.take(answer)) return;
    this.#repeated.push(waiting);
    if (answer.kind === "not_taken") this.#holding = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#holding = false;
      this.#putBack(this.#repeated.splice(0));
    }, AGAIN_MS);
  }

  #lost(underWay: readonly CarriedAppend[], error: Error): void {
    this.#call = null;
    const answer = lostAnswer(error);
    const again = underWay.map(({ waiting }) => waiting).filter(({ settled }) => !settled);
    for (const waiting of again) {
      waiting.take(answer);
      if (mayBeCausedByAppend(error)) waiting.breaks += 1;
    }
    this.#opening = true;
    void this.#backoff.wait(this.#closing.signal).then(() => {
      this.#opening = false;
      this.#putBack(again);
    });
  }

  /** Sends these and what waits, each in its place. */
  #putBack(again: readonly WaitingAppend[]): void {
    this.#toSend = [...again, ...this.#toSend].filter(({ settled }) => !settled).sort((a, b) => a.number - b.number);
    this.#send();
  }

  /** An append is late. Where nothing else was answered for long either, the call is no good. */
  #giveUpWhenSilent(): void {
    const call = this.#call;
    if (call !== null && call.silence >= this.#deadlineMs * SILENT) {
      call.giveUp(new UnavailableError(undefined, "no append was answered in time"));
    }
  }
}

interface CarriedAppend {
  readonly waiting: WaitingAppend;
  message: WaitingAppend["message"];
  answered(answer: AppendAnswer): void;
}
