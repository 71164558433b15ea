import { UnavailableError } from "@eventstore/db-client";
import type { PreparedAppend } from "../../append/prepared-append.ts";
import type { AppendResult } from "../../event-store.ts";
import { Backoff } from "../backoff.ts";
import type { ServerCalls } from "../server-calls.ts";
import { failedAnswer, lostAnswer, mayBeCausedByAppend, singleAnswer } from "../wire/append-answer.ts";
import type { AppendAnswer } from "../wire/append-answer.ts";
import { AppendCall } from "./append-call.ts";
import { WaitingAppend } from "./waiting-append.ts";

/** How long an append that the server refused waits for its next try, in ms. */
const RETRY_MS = 100;
/** The longest wait before the next call, in ms: callers wait only a few seconds for their answers. */
const LONGEST_BACKOFF_MS = 500;
/** After this many broken calls that carried it, an append may be their cause: it is then sent alone. */
const SUSPECT_BREAKS = 2;

/**
 * When an append is late, the call is abandoned if it has been silent for this share of the append's time (the call may
 * be younger).
 */
const SILENT = 0.5;

type Calls = Pick<ServerCalls, "appends" | "append">;

/**
 * Sends appends in order over one call. When the call breaks, or is silent for the whole time of an append, the writer
 * abandons it and sends everything under way again over the next call, in the same order: the server recognises what it
 * already has. An append that may have broken its calls is sent alone.
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
  /** Appends that the server refused, until the timer sends them again. */
  #repeated: WaitingAppend[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The server accepts nothing now, so new appends queue after those that wait. */
  #holding = false;

  /** `deadlineMs`: how long an append may take, with all its tries. */
  constructor(calls: Calls, deadlineMs: number) {
    this.#calls = calls;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Appends to the stream with this name on the server.
   *
   * @throws RevisionConflict, EventTooLarge with the server's limit, StoreUnavailable, AppendOutcomeUnknown
   */
  append(name: string, append: PreparedAppend): Promise<AppendResult> {
    this.#begun += 1;
    const waiting = new WaitingAppend(this.#begun, name, append, this.#deadlineMs, () => this.#abandonWhenSilent());
    this.#toSend.push(waiting);
    this.#send();
    return waiting.outcome;
  }

  /** Ends the call and abandons all appends that are not settled. */
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
      const opened = await this.#calls.appends();
      if (this.#closing.signal.aborted) opened.call.cancel();
      else this.#call = new AppendCall(opened, (underWay, error) => this.#lost(underWay, error));
    } catch (error) {
      for (const waiting of this.#toSend) waiting.take(failedAnswer(error));
      await this.#backoff.wait(this.#closing.signal);
    }
    this.#opening = false;
    this.#putBack([]);
  }

  /** One at a time, to keep their order. One that fails again does not hold up those after it. */
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
    }, RETRY_MS);
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

  /** Queues these again, each in its place in the order. */
  #putBack(again: readonly WaitingAppend[]): void {
    this.#toSend = [...again, ...this.#toSend].filter(({ settled }) => !settled).sort((a, b) => a.number - b.number);
    this.#send();
  }

  /** An append is late. If nothing else has been answered for long either, abandon the call. */
  #abandonWhenSilent(): void {
    const call = this.#call;
    if (call !== null && call.silence >= this.#deadlineMs * SILENT) {
      call.abandon(new UnavailableError(undefined, "no append was answered in time"));
    }
  }
}

interface CarriedAppend {
  readonly waiting: WaitingAppend;
  message: WaitingAppend["message"];
  answered(answer: AppendAnswer): void;
}
