import type { Dispatcher } from "undici";
import type { AttemptErrorCode } from "../../events/delivery-terms.ts";
import type { StatusListener } from "./answers/answer-head.ts";
import { ResponseBody } from "./answers/response-body.ts";
import { AttemptDeadline } from "./attempt-deadline.ts";
import type { AttemptDeadlineOptions } from "./attempt-deadline.ts";
import type { AnsweredResult, SendResult } from "./attempt-outcome.ts";
import { errorCodeOf, honoursRetryAfter, isOwnFault, outcomeOfStatus } from "./attempt-outcome.ts";
import type { ReceiverClient } from "./receiver-client.ts";

/** Longer than any date or sensible number of seconds; more would only fill the log. */
const MAX_RETRY_AFTER_CHARACTERS = 64;

/** The reason given to the HTTP client when we end an exchange with a known result. */
const CUT = new Error("the attempt has its result");

/** Why nothing was sent when a time limit passed before that. */
const HELD: SendResult = { kind: "not_sent", reason: "the process stood still" };

export interface AttemptOptions extends AttemptDeadlineOptions {
  readonly secure: boolean;
  readonly signal: AbortSignal;
  readonly request: Dispatcher.DispatchOptions;
  readonly client: Omit<ReceiverClient, "destroy" | "isOutlived">;
  /** Gets the result, once. `reusable` is false if the connection was still being made and cannot be used again. */
  readonly onResult: (result: SendResult, reusable: boolean) => void;
}

/** One POST, from the moment it has its connection. It is the handler of the HTTP client, and settles exactly once. */
export class Attempt implements Dispatcher.DispatchHandler, StatusListener {
  readonly #options: AttemptOptions;
  readonly #deadline: AttemptDeadline;
  readonly #onAbort = (): void => this.#abort();
  #settled = false;
  /** Set while the request is being written or is written: bytes may have left. */
  #controller: Dispatcher.DispatchController | null = null;
  #connections: 1 | 2 = 1;
  #status: number | null = null;
  #interimStatus: number | null = null;
  #hasStartedAnew = false;
  readonly #body = new ResponseBody();

  /** Its time runs from here. */
  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#deadline = new AttemptDeadline(options, () => this.#onDeadline());
    options.signal.addEventListener("abort", this.#onAbort);
  }

  /** Has the client write the request as soon as it has a connection. */
  start(): void {
    this.#options.client.dispatch(this.#options.request, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Aborting here prevents the request from being written.
    if (!this.#settled && this.#deadline.passedUnseen) this.#settle(this.#unanswered(HELD), true);
    if (this.#settled) controller.abort(CUT);
    else {
      this.#controller = controller;
      this.#options.client.awaitAnswer(this);
    }
  }

  onInterimStatus(status: number): void {
    this.#interimStatus = status;
  }

  onFinalStatus(status: number): void {
    if (this.#settled) return;
    this.#status = status;
    // Nothing follows an invalid status, or a switch to a protocol that was not requested.
    if (status < 200) {
      this.#cut("protocol");
      return;
    }
    this.#deadline.shorten(() => this.#cut("timeout"));
  }

  onResponseStart(_controller: unknown, _status: number, headers: Record<string, string | string[] | undefined>): void {
    if (!this.#settled) this.#body.setType(headers["content-type"]);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#settled) return;
    this.#body.add(chunk);
    if (this.#body.overflown) this.#cut("protocol");
  }

  onResponseEnd(): void {
    this.#settle(this.#answer("protocol", true), true);
  }

  /** The connection could not be made or broke, or the answer was not HTTP. */
  onResponseError(_controller: unknown, error: unknown): void {
    if (this.#settled) return;
    const { client, secure } = this.#options;
    const isWritten = this.#controller !== null;
    const code = errorCodeOf(error, isWritten || client.isConnected() ? "written" : secure ? "securing" : "connecting");
    if (!isWritten && isOwnFault(error)) this.#endUnconnected();
    else if (!isWritten && this.#deadline.wasHeld && (code === "timeout" || code === "dns")) {
      this.#settle(this.#unanswered(HELD), true);
    } else if (code === "reset" && this.#canGoOn(isWritten)) this.#goOn(isWritten);
    else {
      // A receiver that closes behind an interim answer has said no more than that.
      if (code === "reset") this.#status ??= this.#interimStatus;
      this.#settle(this.#answer(code, false), true);
    }
  }

  #canGoOn(isWritten: boolean): boolean {
    const { client } = this.#options;
    // A kept connection broke before a byte of the request was written to it.
    if (!isWritten) return client.isConnected() && !this.#hasStartedAnew;
    return this.#connections === 1 && client.isUnansweredReuse();
  }

  /**
   * The receiver closed a kept connection just when it was used again, most likely without having read the request. A
   * request with an id that the receiver can tell again is repeated then, as RFC 9110 section 9.2.2 has it: once.
   */
  #goOn(isWritten: boolean): void {
    if (isWritten) this.#connections = 2;
    else this.#hasStartedAnew = true;
    this.#controller = null;
    // The HTTP client is still busy with the end of the connection.
    queueMicrotask(() => {
      if (!this.#settled) this.start();
    });
  }

  /** The process or the machine cannot open a connection. Behind a repeat the first connection's end is what counts. */
  #endUnconnected(): void {
    const reason = "the process or the machine cannot open a connection now";
    this.#settle(this.#connections === 2 ? this.#answer("reset", false) : { kind: "not_sent", reason }, true);
  }

  /** The result is known, or the time is up: ends the exchange. The error code counts only without a status. */
  #cut(errorCode: AttemptErrorCode): void {
    this.#end(this.#answer(errorCode, false));
  }

  /** What it is when it ends without an answer, for a reason that is not the receiver's. */
  #unanswered(notSent: SendResult): SendResult {
    return this.#controller !== null || this.#connections === 2 ? { kind: "interrupted" } : notSent;
  }

  #onDeadline(): void {
    if (!this.#deadline.passedUnseen) this.#cut("timeout");
    else if (this.#controller === null) this.#end(this.#unanswered(HELD));
    else {
      // An answer that came meanwhile is read before the second of these turns. With its status, the rest has its time.
      const end = (): void => {
        if (!this.#settled && this.#status === null) this.#end({ kind: "interrupted" });
      };
      setImmediate(() => setImmediate(end));
    }
  }

  #abort(): void {
    if (this.#status !== null) this.#cut("timeout");
    else this.#end(this.#unanswered({ kind: "not_sent", reason: "shutting down" }));
  }

  #end(result: SendResult): void {
    const controller = this.#controller;
    this.#settle(result, controller !== null);
    controller?.abort(CUT);
  }

  #settle(result: SendResult, reusable: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#deadline.cancel();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#options.onResult(result, reusable);
  }

  /** If there is a status, it decides: a receiver that accepted has accepted, however its answer ends. */
  #answer(errorCode: AttemptErrorCode, whole: boolean): AnsweredResult {
    const status = this.#status;
    return {
      kind: "answered",
      ...(status === null ? ({ outcome: "failed", errorCode } as const) : outcomeOfStatus(status)),
      responseStatus: status,
      responseBody: status === null ? null : this.#body.text(whole),
      responseTruncated: status !== null && !whole,
      retryAfter: status === null ? null : this.#retryAfterBehind(status),
      durationMs: Math.round(this.#deadline.elapsedMs),
      connections: this.#connections,
    };
  }

  #retryAfterBehind(status: number): string | null {
    const value = honoursRetryAfter(status) ? this.#options.client.retryAfter() : null;
    return value !== null && value.length <= MAX_RETRY_AFTER_CHARACTERS ? value : null;
  }
}
