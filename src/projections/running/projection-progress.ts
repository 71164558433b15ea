import type { Position } from "../../events/store/position.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Comparison } from "../rebuilding/compare-generations.ts";
import type { ProjectionStatus, RebuildStatus } from "./projection-report.ts";
import { token } from "../../runtime/token.ts";
import { Waiters } from "../../runtime/waiters.ts";

/** The token under which the container registers the progress of the projections. */
export const PROJECTION_PROGRESS = token<ProjectionProgress>("ProjectionProgress");

/** The position of every projection as far as this process knows, and the callers that wait for one to advance. */
export class ProjectionProgress {
  readonly #statuses = new Map<string, ProjectionStatus>();
  readonly #rebuilds = new Map<string, RebuildStatus>();
  readonly #comparisons = new Map<string, Comparison>();
  readonly #changes = new Waiters();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records a status that a runner reported. */
  report(status: ProjectionStatus): void {
    this.#statuses.set(status.name, status);
    this.#changes.wakeAll();
  }

  /** Records the progress of a rebuild; null when it has ended. */
  reportRebuild(name: string, status: RebuildStatus | null): void {
    if (status?.comparison != null) this.#comparisons.set(name, status.comparison);
    if (status === null) this.#rebuilds.delete(name);
    else this.#rebuilds.set(name, status);
  }

  /** The rebuild of this projection that is under way, or null. */
  rebuildOf(name: string): RebuildStatus | null {
    return this.#rebuilds.get(name) ?? null;
  }

  /** The comparison from the last rebuild of this projection; null if there was none since the start. */
  lastComparisonOf(name: string): Comparison | null {
    return this.#comparisons.get(name) ?? null;
  }

  /** The last reported status of each projection, by name. */
  statuses(): readonly ProjectionStatus[] {
    return [...this.#statuses.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Whether all named projections can be shown: each has reached the log's end once, or is outdated and being rebuilt.
   */
  areLive(names: readonly string[]): boolean {
    return names.every((name) => {
      const state = this.#statuses.get(name)?.state;
      return state === "live" || state === "outdated";
    });
  }

  /** Whether all named projections are live and made by this version of them. */
  areCurrent(names: readonly string[]): boolean {
    return names.every((name) => this.#statuses.get(name)?.state === "live");
  }

  /** Resolves when none of the named projections is catching up, or the signal aborts. Never rejects. */
  async whenBuilt(names: readonly string[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#areBuilt(names)) await this.#changes.wait(signal);
  }

  /**
   * Resolves to true when all named projections have folded everything up to `position` (null: at once). Resolves to
   * false after `timeoutMs`, or at once if one of them has stopped at an event that it cannot read, or is outdated.
   */
  async whenSeen(names: readonly string[], position: Position | null, timeoutMs: number): Promise<boolean> {
    if (position === null || this.#haveSeen(names, position)) return true;
    const late = new AbortController();
    const cancel = this.#clock.schedule(timeoutMs, () => late.abort());
    try {
      while (!this.#oneStandsStill(names) && !late.signal.aborted) {
        await this.#changes.wait(late.signal);
        if (this.#haveSeen(names, position)) return true;
      }
      return false;
    } finally {
      cancel();
    }
  }

  #areBuilt(names: readonly string[]): boolean {
    return names.every((name) => (this.#statuses.get(name)?.state ?? "catching_up") !== "catching_up");
  }

  #oneStandsStill(names: readonly string[]): boolean {
    return names.some((name) => {
      const state = this.#statuses.get(name)?.state;
      return state === "faulted" || state === "outdated";
    });
  }

  #haveSeen(names: readonly string[], position: Position): boolean {
    return names.every((name) => {
      const seen = this.#statuses.get(name)?.position ?? null;
      return seen !== null && seen >= position;
    });
  }
}
