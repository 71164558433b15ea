import type { Logger } from "pino";
import type { DeliveryAttempted } from "../../events/delivery.ts";
import type { Metrics } from "../../observability/metrics.ts";
import { TroubleLog } from "../../observability/trouble-log.ts";
import { fieldsOf } from "../../projections/snake-case.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Attempted, Reference } from "./attempt-delivery.ts";
import { isPassing } from "./insisting.ts";

/** The delivery that a line is about. */
export interface AttemptOf {
  readonly deliveryId: string;
  readonly endpointId: number;
}

/** What was recorded instead of an attempt. */
type StoppedBy = Extract<Attempted, { kind: "stopped" }>["event"];

/** Finds the owner of an endpoint; null while the directory does not know it. */
type OwnerOf = (endpointId: number) => number | null;

/** Reports the worker's attempts in the program's log and the metrics; docs/operations/logs.md lists the lines. */
export class AttemptLines {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #ownerOf: OwnerOf;
  /** The log takes no claims or results, which affects all deliveries. */
  readonly #log: TroubleLog;
  /** Something is wrong with one delivery or its endpoint, such as keys that cannot be opened. */
  readonly #broken: TroubleLog;
  readonly #givenBack: TroubleLog;

  constructor(logger: Logger, metrics: Metrics, clock: Clock, ownerOf: OwnerOf) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#ownerOf = ownerOf;
    const notTaken = {
      level: "error",
      trouble: "an attempt could not be claimed or recorded",
      over: "attempts are claimed and recorded again",
    } as const;
    this.#log = new TroubleLog(logger, clock, notTaken);
    this.#broken = new TroubleLog(logger, clock, notTaken);
    this.#givenBack = new TroubleLog(logger, clock, {
      level: "warn",
      trouble: "an attempt could not be made and is given back",
      over: "attempts are made again",
    });
  }

  /** Reports the end of an attempt. */
  attempted(of: AttemptOf, attempted: Attempted): void {
    const { endpointId } = of;
    if (attempted.kind === "nothing") return;
    const about = this.#about(of, attempted.reference);
    this.#log.worked();
    this.#broken.worked(String(endpointId));
    switch (attempted.kind) {
      case "attempted":
        this.#givenBack.worked();
        this.#ended(about, attempted.event, "attempt");
        return;
      case "too_late":
        this.#metrics.attempted("too_late", null, null);
        this.#logger.warn(about, "an attempt's result came after its lease and was refused");
        return;
      case "not_sent":
        this.#metrics.attempted("not_sent", null, null);
        this.#givenBack.failed({ ...about, reason: attempted.reason });
        return;
      case "stopped":
        this.#stopped(about, attempted.event);
        return;
    }
  }

  /** Reports a lapsed claim that was closed. */
  lapsed(of: AttemptOf, event: DeliveryAttempted, reference: Reference): void {
    this.#ended(this.#about(of, reference), event, "attempt lapsed");
  }

  /** Reports an attempt that could not be made or recorded. */
  failed(of: AttemptOf, err: unknown): void {
    const { endpointId } = of;
    const fields = { ...this.#about(of, null), err };
    if (isPassing(err)) this.#log.failed(fields);
    else this.#broken.failed(fields, String(endpointId));
  }

  /** Stops all timers; nothing more is logged. */
  close(): void {
    for (const trouble of [this.#log, this.#broken, this.#givenBack]) trouble.close();
  }

  #stopped(about: object, { type, data }: StoppedBy): void {
    const isPaused = type === "DeliveryHeld" && data.reason === "paused";
    const line = isPaused ? "no attempt: deliveries are paused" : "no attempt: its endpoint is disabled or deleted";
    this.#logger.info({ ...about, event: type }, line);
  }

  /** Logs one wide line for each attempt that counts. */
  #ended(about: object, { data }: DeliveryAttempted, line: "attempt" | "attempt lapsed"): void {
    const { outcome, errorCode, durationMs } = data;
    // The duration is unknown if the end was not seen.
    this.#metrics.attempted(outcome, errorCode, line === "attempt" ? durationMs : null);
    const fields = {
      ...about,
      attempt: data.number,
      ...fieldsOf(data, "outcome", "errorCode", "responseStatus", "durationMs", "nextAttemptAt"),
    };
    this.#logger.info(fields, line);
  }

  #about({ deliveryId, endpointId }: AttemptOf, reference: Reference): object {
    const about = { user: this.#ownerOf(endpointId), endpoint: endpointId, delivery: deliveryId };
    return reference === null ? about : { ...about, reference };
  }
}
