import type { AppendReq } from "@eventstore/db-client/generated/streams_pb.js";
import { expectedRevisionOf } from "../../append/prepared-append.ts";
import type { PreparedAppend } from "../../append/prepared-append.ts";
import type { AppendResult } from "../../event-store.ts";
import { AppendOutcomeUnknown, EventTooLarge, RevisionConflict, StoreUnavailable } from "../../event-store-errors.ts";
import type { AppendAnswer } from "../wire/append-answer.ts";
import { batchedAppend, singleAppend } from "../wire/append-request.ts";

/** An append with a pending outcome, through all its tries until its time is up. */
export class WaitingAppend {
  /** How many calls broke while carrying it. */
  breaks = 0;
  /** Its number in the order of the appends. */
  readonly number: number;
  readonly outcome: Promise<AppendResult>;
  readonly #name: string;
  readonly #append: PreparedAppend;
  readonly #endsAt: number;
  readonly #settle: PromiseWithResolvers<AppendResult>;
  readonly #timer: NodeJS.Timeout;
  #settled = false;
  /** Whether an earlier try may have been written, and whether a try is under way. */
  #open = false;
  #sent = false;
  #reason = "it is not connected";

  /**
   * @param number its number in the order of the appends
   * @param name the stream's name on the server
   * @param milliseconds how long to wait for the outcome
   * @param onLate called when that time is over
   */
  constructor(number: number, name: string, append: PreparedAppend, milliseconds: number, onLate: () => void) {
    this.number = number;
    this.#name = name;
    this.#append = append;
    this.#endsAt = performance.now() + milliseconds;
    this.#settle = Promise.withResolvers();
    this.outcome = this.#settle.promise;
    this.#timer = setTimeout(() => {
      this.#fail(this.#lateError(milliseconds));
      onLate();
    }, milliseconds);
  }

  /** Whether its outcome is decided. */
  get settled(): boolean {
    return this.#settled;
  }

  /** How much time is left, in ms. */
  get millisecondsLeft(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  /** The message for a call that carries many appends. */
  message(correlationId: string): Uint8Array {
    this.#sent = true;
    return batchedAppend(this.#name, this.#append, correlationId);
  }

  /** The messages for a call of its own. */
  messages(): AppendReq[] {
    this.#sent = true;
    return singleAppend(this.#name, this.#append);
  }

  /** Takes the answer to a try. Returns whether it settles the append; if not, it has to be tried again. */
  take(answer: AppendAnswer): boolean {
    const { stream, bytes, expectation } = this.#append;
    this.#sent = false;
    switch (answer.kind) {
      case "written":
        this.#end(() => this.#settle.resolve(answer.result));
        return true;
      case "conflict":
        this.#fail(new RevisionConflict(stream, expectedRevisionOf(expectation), answer.actual));
        return true;
      case "too_large":
        this.#fail(new EventTooLarge(stream, bytes, answer.limit));
        return true;
      case "refused":
        this.#reason = answer.reason;
        this.#fail(this.#unsettled(this.#reason));
        return true;
      case "open":
        this.#open = true;
        this.#reason = answer.reason;
        return false;
      case "not_taken":
        this.#reason = answer.reason;
        return false;
    }
  }

  /** Ends the waiting now. */
  abandon(): void {
    this.#fail(this.#lateError(0));
  }

  #lateError(milliseconds: number): Error {
    return this.#unsettled(milliseconds === 0 ? this.#reason : `no answer within ${milliseconds} ms (${this.#reason})`);
  }

  /** The error for an unconfirmed append: StoreUnavailable only if no try can have been written. */
  #unsettled(reason: string): Error {
    return this.#open || this.#sent
      ? new AppendOutcomeUnknown(`the append may or may not be written: ${reason}`)
      : new StoreUnavailable(`the append was not accepted: ${reason}`);
  }

  #fail(error: Error): void {
    this.#end(() => this.#settle.reject(error));
  }

  #end(settle: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    settle();
  }
}
