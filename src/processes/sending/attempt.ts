import type { Dispatcher } from "undici";
import type { AttemptErrorCode } from "../../events/delivery-terms.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AnsweredResult, SendResult } from "./attempt-outcome.ts";
import { errorCodeOf, honoursRetryAfter, isOwnFault, outcomeOfStatus } from "./attempt-outcome.ts";
import { ResponseBody } from "./response-body.ts";

/**
 * How long the body may take after the head, in ms. The status has already decided the outcome, and the body is kept
 * only for display. Waiting for the deadline would let a receiver that never ends its answers hold its connections.
 */
export const BODY_GRACE_MS = 1000;

/** The most interim answers (`103 Early Hints`). A receiver sends a few; a flood would keep the processor busy. */
const MAX_INTERIM_RESPONSES = 10_000;

const SWITCHING_PROTOCOLS = 101;

/** Longer than any date or sensible number of seconds; more would only fill the log. */
const MAX_RETRY_AFTER_CHARACTERS = 64;

/** The reason given to the HTTP client when we end an exchange with a known result. */
const CUT = new Error("the attempt has its result");

export interface AttemptOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly secure: boolean;
  readonly signal: AbortSignal;
  /** Gets the result, once. `reusable` is false if the connection was still being made and cannot be used again. */
  readonly onResult: (result: SendResult, reusable: boolean) => void;
}

/** One POST, from the moment it has its connection. It is the handler of the HTTP client, and settles exactly once. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #options: AttemptOptions;
  readonly #startedAt: number;
  readonly #onAbort = (): void => this.#abort();
  #cancelTimer: () => void;
  #settled = false;
  /** Set when the request is about to be written: from then on, bytes may have left. */
  #controller: Dispatcher.DispatchController | null = null;
  #status: number | null = null;
  #retryAfter: string | null = null;
  #interimStatus: number | null = null;
  #interimResponses = 0;
  readonly #body = new ResponseBody();

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#cancelTimer = options.clock.schedule(options.timeoutMs, () => this.#cut("timeout"));
    options.signal.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Aborting here prevents the request from being written.
    if (this.#settled) controller.abort(CUT);
    else this.#controller = controller;
  }

  onResponseStart(_controller: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.#settled) return;
    if (status >= 100 && status < 200 && status !== SWITCHING_PROTOCOLS) {
      this.#interimStatus = status;
      this.#interimResponses += 1;
      if (this.#interimResponses > MAX_INTERIM_RESPONSES) this.#cut("protocol");
      return;
    }
    this.#status = status;
    // Nothing follows an invalid status, or a switch to a protocol that was not requested.
    if (status < 200) {
      this.#cut("protocol");
      return;
    }
    const retryAfter = headers["retry-after"];
    // A repeated header is an array, and ambiguous.
    if (
      typeof retryAfter === "string" &&
      honoursRetryAfter(status) &&
      retryAfter.length <= MAX_RETRY_AFTER_CHARACTERS
    ) {
      this.#retryAfter = retryAfter;
    }
    this.#cancelTimer();
    const left = this.#startedAt + this.#options.timeoutMs - this.#options.clock.monotonic();
    this.#cancelTimer = this.#options.clock.schedule(Math.min(BODY_GRACE_MS, left), () => this.#cut("timeout"));
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
    if (this.#controller === null && isOwnFault(error)) {
      this.#settle({ kind: "not_sent", reason: "the process or the machine cannot open a connection now" }, true);
      return;
    }
    const connecting = this.#options.secure ? "securing" : "connecting";
    const code = errorCodeOf(error, this.#controller === null ? connecting : "written");
    // The client reports an unrequested 100 or 101 as a socket error without a status.
    this.#status ??= code === "reset" ? (this.#interimStatus ?? unaskedStatus(error)) : null;
    this.#settle(this.#answer(code, false), true);
  }

  /** The result is known, or the time is up: ends the exchange. The error code counts only without a status. */
  #cut(errorCode: AttemptErrorCode): void {
    this.#end(this.#answer(errorCode, false));
  }

  #abort(): void {
    if (this.#status !== null) this.#cut("timeout");
    else if (this.#controller !== null) this.#end({ kind: "interrupted" });
    else this.#end({ kind: "not_sent", reason: "shutting down" });
  }

  #end(result: SendResult): void {
    const controller = this.#controller;
    this.#settle(result, controller !== null);
    controller?.abort(CUT);
  }

  #settle(result: SendResult, reusable: boolean): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelTimer();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#options.onResult(result, reusable);
  }

  /** If there is a status, it decides: a receiver that accepted has accepted, however its body ends. */
  #answer(errorCode: AttemptErrorCode, whole: boolean): AnsweredResult {
    const status = this.#status;
    return {
      kind: "answered",
      ...(status === null ? ({ outcome: "failed", errorCode } as const) : outcomeOfStatus(status)),
      responseStatus: status,
      responseBody: status === null ? null : this.#body.text(whole),
      responseTruncated: status !== null && !whole,
      retryAfter: this.#retryAfter,
      durationMs: Math.round(this.#options.clock.monotonic() - this.#startedAt),
    };
  }
}

/** The status in the client's error about an unexpected one; null for any other error. */
function unaskedStatus(error: unknown): number | null {
  const message = error instanceof Error ? error.message : "";
  if (message === "bad response") return 100;
  return message === "bad upgrade" ? SWITCHING_PROTOCOLS : null;
}
