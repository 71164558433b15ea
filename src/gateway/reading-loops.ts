import type { Logger } from "pino";
import { inject, injectable } from "tsyringe";
import { EVENT_STORE } from "../events/store/event-store.ts";
import type { EventStore } from "../events/store/event-store.ts";
import { HEALTH } from "../observability/health.ts";
import type { Health } from "../observability/health.ts";
import { LOGGER } from "../observability/logger.ts";
import { TroubleLog } from "../observability/trouble-log.ts";
import { DIRECTORY } from "../projections/directory/directory.ts";
import type { Directory } from "../projections/directory/directory.ts";
import { ANSWERING } from "../projections/read-models.ts";
import { PROJECTION_PROGRESS } from "../projections/running/projection-progress.ts";
import type { ProjectionProgress } from "../projections/running/projection-progress.ts";
import { ALL_PROJECTIONS } from "../projections/running/projection-report.ts";
import type { ProjectionReport, ProjectionStatus } from "../projections/running/projection-report.ts";
import { CLOCK } from "../runtime/clock.ts";
import type { Clock } from "../runtime/clock.ts";
import { supervise } from "../runtime/supervision.ts";
import { STORAGE } from "../storage/storage.ts";
import type { Storage } from "../storage/storage.ts";

/** How long the start waits for the directory before it logs that it waits, in ms. */
const DIRECTORY_PATIENCE_MS = 5_000;

/** How many pauses the line of a start names. */
const MAX_NAMED = 10;

/**
 * The loops that follow the log for readers: the directory in this thread, and the projections, which have their own
 * thread. Reports their state in the program's log and in `Health`.
 */
@injectable()
export class ReadingLoops {
  readonly #storage: Storage;
  readonly #store: EventStore;
  readonly #directory: Directory;
  readonly #progress: ProjectionProgress;
  readonly #health: Health;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #loops: Promise<void>[] = [];
  readonly #projectionTrouble: TroubleLog;
  readonly #directoryTrouble: TroubleLog;

  constructor(
    @inject(STORAGE) storage: Storage,
    @inject(EVENT_STORE) store: EventStore,
    @inject(DIRECTORY) directory: Directory,
    @inject(PROJECTION_PROGRESS) progress: ProjectionProgress,
    @inject(HEALTH) health: Health,
    @inject(CLOCK) clock: Clock,
    @inject(LOGGER) logger: Logger,
  ) {
    this.#storage = storage;
    this.#store = store;
    this.#directory = directory;
    this.#progress = progress;
    this.#health = health;
    this.#clock = clock;
    this.#logger = logger;
    this.#projectionTrouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "a projection failed and restarts",
      over: "the projections work again",
    });
    this.#directoryTrouble = new TroubleLog(logger, clock, {
      level: "error",
      trouble: "the directory cannot follow the log",
      over: "the directory follows the log again",
    });
  }

  /**
   * Starts both, and resolves when the directory has seen the whole log, so that payloads can be accepted. The loops
   * end when the signal aborts; then call `ended`.
   *
   * @throws what the log throws when its head cannot be read
   */
  async start(signal: AbortSignal): Promise<void> {
    for (const name of ANSWERING) this.#health.degrade(`projection ${name}`, "catching up");
    // A server searches its whole database for each reading, so it first lets payloads be accepted, then shown.
    if (!this.#storage.sharedLog) this.#startProjections(signal);
    this.#startDirectory(signal);
    const head = await this.#store.head();
    while (!(await this.#directory.whenSeen(head, DIRECTORY_PATIENCE_MS))) {
      this.#logger.info("waiting until the directory has read the log");
    }
    this.#notePauses();
    if (this.#storage.sharedLog) this.#startProjections(signal);
  }

  /** Resolves when the loops have ended, after their signal aborted. Never rejects. */
  async ended(): Promise<void> {
    this.#projectionTrouble.close();
    this.#directoryTrouble.close();
    await Promise.all(this.#loops);
  }

  /** Nobody should have to search for why nothing leaves after a start. */
  #notePauses(): void {
    const { all } = this.#directory.pauses;
    if (all.length > 0)
      this.#logger.warn({ pauses: all.length, paused: all.slice(0, MAX_NAMED) }, "deliveries are paused");
  }

  #startProjections(signal: AbortSignal): void {
    const run = (): Promise<void> => this.#storage.runProjections((report) => this.#note(report), signal);
    const onError = (error: unknown, restartInMs: number): void =>
      this.#note({ kind: "failure", name: ALL_PROJECTIONS, reason: String(error), restartInMs });
    this.#loops.push(supervise(run, this.#clock, onError, signal));
  }

  #startDirectory(signal: AbortSignal): void {
    const onLive = (): void => {
      this.#health.restore("directory");
      this.#directoryTrouble.worked();
    };
    const run = (): Promise<void> => this.#directory.run(signal, onLive);
    const onError = (err: unknown, restartInMs: number): void => {
      this.#health.degrade("directory", "it cannot follow the log");
      this.#directoryTrouble.failed({ err, restartInMs });
    };
    this.#loops.push(supervise(run, this.#clock, onError, signal));
  }

  #note(report: ProjectionReport): void {
    switch (report.kind) {
      case "status":
        this.#noteStatus(report.status);
        return;
      case "failure": {
        const { name: projection, reason, restartInMs } = report;
        // This does not affect readiness: payloads are accepted and attempted even if MongoDB is down or the disk is
        // full.
        this.#projectionTrouble.failed({ projection, reason, restartInMs }, projection);
        return;
      }
      case "reset":
        this.#logger.warn(
          { projection: report.name, reason: report.reason },
          "rebuilding the read models from the log",
        );
        return;
      case "live":
        this.#logger.debug(
          { projection: report.name, ...report.generationId },
          "this generation of the projection is shown",
        );
        return;
      case "rebuild":
        this.#progress.reportRebuild(report.name, report.status);
        return;
    }
  }

  #noteStatus(status: ProjectionStatus): void {
    this.#progress.report(status);
    // An earlier version's generation is shown until the new one is complete.
    const isShown = status.state === "live" || status.state === "outdated";
    if (isShown) this.#health.restore(`projection ${status.name}`);
    if (status.state === "live") {
      this.#projectionTrouble.worked(status.name);
      this.#projectionTrouble.worked(ALL_PROJECTIONS);
    }
    if (status.fault === null) return;
    const { stream, revision, reason } = status.fault;
    this.#health.degrade(`projection ${status.name}`, `it stopped at revision ${revision} of ${stream}`);
    this.#logger.error({ projection: status.name, stream, revision, reason }, "a projection stopped at an event");
  }
}
