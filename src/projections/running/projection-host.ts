import type { EventStore } from "../../events/store/event-store.ts";
import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/clock.ts";
import { supervise } from "../../runtime/supervision.ts";
import { checkpointNameOf, collectionOf } from "../projection.ts";
import type { AnyProjection } from "../projection.ts";
import { FillBuilder } from "../rebuilding/fill-builder.ts";
import type { RebuildStatus } from "../rebuilding/fill-builder.ts";
import {
  SLOTS,
  beginBuilding,
  changeSlots,
  forget,
  giveUpBuilding,
  isSameSlot,
  switchOver,
} from "../rebuilding/slots.ts";
import type { Slot, SlotsContent } from "../rebuilding/slots.ts";
import type { DocumentStore } from "../store/document-store.ts";
import { GroupRunner } from "./group-runner.ts";
import type { RunnerContext } from "./group-runner.ts";
import type { ProjectionStatus } from "./runner.ts";

export interface ProjectionReports {
  status(status: ProjectionStatus): void;
  /** A runner failed and is started again after the wait; `message` is for the log. */
  failure(name: string, message: string, restartInMs: number): void;
  /** A read model was made from another log, and is made anew. */
  reset(name: string): void;
  /** Readers see this fill of the model from now on. */
  live(name: string, slot: Slot): void;
  /** Where the making of another fill stands; null when none is being made any more. */
  rebuild(name: string, status: RebuildStatus | null): void;
}

/** How long an old fill is kept after the switch, in ms: a reader may be in the middle of it, in another process too. */
const RETIREMENT_MS = 10_000;
/** How often a shared store is asked whether another instance has switched, in ms. */
const WATCH_MS = 1_000;

/** What came of asking for a rebuild or for its end. */
export type RebuildAnswer = "begun" | "already_running" | "ended" | "not_running" | "unknown_projection";

/** The token under which the container registers who takes an operator's wishes. */
export const PROJECTION_CONTROL = Symbol("ProjectionControl");

/** Whom an operator's wishes go to. */
export interface ProjectionControl {
  /** Makes a read model again beside the live one, and shows it when it is complete. */
  rebuild(name: string): Promise<RebuildAnswer>;
  /** Ends a rebuild and removes what it made so far. */
  cancel(name: string): Promise<RebuildAnswer>;
}

/** One read model and what this process does about it. */
interface Hosted {
  readonly projection: AnyProjection;
  live: Slot;
  builder: FillBuilder | null;
  /** Whether it reads the log by itself: it is not where the others of its category are, and they do not go back. */
  apart: boolean;
}

/**
 * Keeps all read models up with the log, and makes them again beside the live ones: when somebody asks for it, and when
 * the version of a fold changed. Those of the same first category share one reading of the log, which is most of their
 * cost; one that is far behind them, because it is new, was not complete when a process ended, or stood still, joins them
 * when it has caught up.
 */
export class ProjectionHost implements ProjectionControl {
  readonly #hosted: readonly Hosted[];
  readonly #groups = new Map<string, GroupRunner>();
  readonly #context: RunnerContext;
  readonly #reports: ProjectionReports;
  readonly #positions = new Map<string, string>();
  readonly #caughtUp = new Set<Hosted>();
  readonly #joining = new Set<Hosted>();
  /** Changes of what runs come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #abort = new AbortController();
  readonly #retirements = new Set<() => void>();

  constructor(
    projections: readonly AnyProjection[],
    log: Pick<EventStore, "subscribe" | "idAt">,
    documents: DocumentStore,
    clock: Clock,
    reports: ProjectionReports,
  ) {
    this.#hosted = projections.map((projection) => ({
      ...{ projection, live: firstSlot(projection), builder: null, apart: false },
    }));
    this.#reports = reports;
    this.#context = {
      ...{ log, documents, clock },
      status: (status) => {
        this.#positions.set(status.name, status.position ?? "");
        reports.status(status);
        this.#placeOf(status);
      },
      reset: (name) => reports.reset(name),
      failure: (name, message, restartInMs) => reports.failure(name, message, restartInMs),
    };
  }

  /** Runs until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { documents, clock } = this.#context;
    await supervise(
      () => this.#beginAll(),
      clock,
      (error, wait) => this.#failed(this.#hosted, error, wait),
      signal,
    );
    for (const group of new Set(this.#hosted.map(groupOf))) this.#start(group);
    while (!signal.aborted) {
      // Another instance may have switched, or been asked to rebuild.
      if (documents.shared) {
        await this.#inTurn(() => this.#watch()).catch((error: unknown) => this.#failed(this.#hosted, error, WATCH_MS));
      }
      await pause(clock, documents.shared ? WATCH_MS : 60 * 60_000, signal);
    }
    this.#abort.abort();
    for (const cancel of this.#retirements) cancel();
    await this.#turn.catch(() => undefined);
    await Promise.all([
      ...[...this.#groups.values()].map((group) => group.stop()),
      ...this.#hosted.map(({ builder }) => builder?.stop()),
    ]);
  }

  rebuild(name: string): Promise<RebuildAnswer> {
    return this.#inTurn(async () => {
      const hosted = this.#named(name);
      if (hosted === undefined) return "unknown_projection";
      if (hosted.builder !== null) return "already_running";
      const { building } = await this.#change(hosted, (slots) => beginBuilding(slots, hosted.projection));
      if (building !== null) this.#build(hosted, building);
      return "begun";
    });
  }

  cancel(name: string): Promise<RebuildAnswer> {
    return this.#inTurn(async () => {
      const hosted = this.#named(name);
      if (hosted === undefined) return "unknown_projection";
      const { builder } = hosted;
      if (builder === null) return "not_running";
      hosted.builder = null;
      await builder.stop();
      await this.#change(hosted, giveUpBuilding);
      await this.#remove(hosted, builder.slot);
      this.#reports.rebuild(name, null);
      return "ended";
    });
  }

  async #beginAll(): Promise<void> {
    await this.#context.documents.prepare(SLOTS);
    for (const hosted of this.#hosted) await this.#begin(hosted);
    const reached = new Map<Hosted, string>();
    for (const hosted of this.#hosted.filter(isOfThisVersion)) {
      const checkpoint = await this.#context.documents.checkpoint(
        checkpointNameOf({ ...hosted.projection, ...hosted.live }),
      );
      reached.set(hosted, checkpoint?.searchedTo ?? "");
    }
    for (const [hosted, place] of reached) {
      hosted.apart = [...reached].some(
        ([other, further]) => firstCategoryOf(other) === firstCategoryOf(hosted) && further > place,
      );
    }
  }

  /** Takes one that stands still out of its group, for when that begins again, and brings back one that has caught up. */
  #placeOf({ name, state }: ProjectionStatus): void {
    const hosted = this.#named(name);
    if (hosted === undefined) return;
    if (state === "faulted") hosted.apart = true;
    if (state !== "live") this.#caughtUp.delete(hosted);
    else this.#caughtUp.add(hosted);
    if (state !== "live" || !hosted.apart || this.#joining.has(hosted)) return;
    const others = this.#hosted.filter((other) => groupOf(other) === firstCategoryOf(hosted) && isOfThisVersion(other));
    // It would go back to where they are.
    if (!others.every((other) => this.#caughtUp.has(other))) return;
    this.#joining.add(hosted);
    void this.#inTurn(() => this.#join(hosted)).catch((error: unknown) => this.#failed([hosted], error, 0));
  }

  async #join(hosted: Hosted): Promise<void> {
    this.#joining.delete(hosted);
    if (this.#abort.signal.aborted) return;
    await this.#withGroupStopped(hosted, () => {
      hosted.apart = false;
      return Promise.resolve();
    });
  }

  #failed(hosted: readonly Hosted[], error: unknown, restartInMs: number): void {
    const message = error instanceof Error ? error.message : String(error);
    for (const { projection } of hosted) this.#reports.failure(projection.name, message, restartInMs);
  }

  /** What is live, what was being made when the process ended, and what was to be removed. */
  async #begin(hosted: Hosted): Promise<void> {
    const { projection } = hosted;
    const slots = await this.#change(hosted, (known) =>
      // A fold that changed is made again by itself, and the earlier one is shown meanwhile.
      known.live.version === projection.version ? known : beginBuilding(known, projection),
    );
    this.#show(hosted, slots.live);
    for (const slot of slots.retired) await this.#remove(hosted, slot);
    if (slots.building !== null && hosted.builder === null) this.#build(hosted, slots.building);
  }

  #build(hosted: Hosted, slot: Slot): void {
    const { projection } = hosted;
    hosted.builder = new FillBuilder(projection, slot, this.#context, {
      live: () => (hosted.live.version === projection.version ? hosted.live : null),
      report: (status) => this.#reports.rebuild(projection.name, status),
      complete: (builder) => this.#inTurn(() => this.#switch(hosted, builder)),
    });
  }

  /** The moment at which a complete fill takes the place of the live one. Nothing that readers saw may be missing in it. */
  async #switch(hosted: Hosted, builder: FillBuilder): Promise<void> {
    if (hosted.builder !== builder || this.#abort.signal.aborted) return;
    const old = hosted.live;
    await this.#withGroupStopped(hosted, async () => {
      if (!(await builder.reach(this.#positions.get(hosted.projection.name) ?? ""))) return;
      const slots = await this.#change(hosted, (known) =>
        known.building !== null && isSameSlot(known.building, builder.slot) ? switchOver(known) : known,
      );
      await builder.stop();
      hosted.builder = null;
      this.#show(hosted, slots.live);
      this.#reports.rebuild(hosted.projection.name, null);
    });
    if (!isSameSlot(old, hosted.live)) this.#retire(hosted, old);
  }

  async #withGroupStopped(hosted: Hosted, task: () => Promise<void>): Promise<void> {
    // Both those who are together and those who are apart: a runner may know a fill of it from before it stood still.
    const groups = [true, false].map((apart) => groupOf({ ...hosted, apart }));
    for (const group of groups) await this.#runner(group).stop();
    try {
      await task();
    } finally {
      for (const group of groups) this.#start(group);
    }
  }

  async #watch(): Promise<void> {
    for (const hosted of this.#hosted) {
      const slots = await this.#change(hosted, (known) => known);
      if (!isSameSlot(slots.live, hosted.live)) await this.#follow(hosted, slots);
    }
  }

  /** Another instance has switched: its fill is as good as the one that is being made here. */
  async #follow(hosted: Hosted, slots: SlotsContent): Promise<void> {
    await this.#withGroupStopped(hosted, async () => {
      if (hosted.builder !== null) {
        await hosted.builder.stop();
        hosted.builder = null;
        this.#reports.rebuild(hosted.projection.name, null);
      }
      this.#show(hosted, slots.live);
    });
  }

  #show(hosted: Hosted, slot: Slot): void {
    const { name, version } = hosted.projection;
    hosted.live = slot;
    this.#reports.live(name, slot);
    // What an earlier version made stands still until the new one is there.
    if (slot.version === version) return;
    this.#reports.status({ name, version: slot.version, position: null, state: "outdated", fault: null });
  }

  #runner(group: string): GroupRunner {
    const runner = this.#groups.get(group) ?? new GroupRunner(this.#context);
    this.#groups.set(group, runner);
    return runner;
  }

  #start(group: string): void {
    const fills = this.#runnable(group);
    if (fills.length > 0) this.#runner(group).start(fills);
  }

  /** The fills of this group that are live and made by this version of their folds. */
  #runnable(group: string): AnyProjection[] {
    return this.#hosted
      .filter((hosted) => groupOf(hosted) === group && isOfThisVersion(hosted))
      .map(({ projection, live }) => ({ ...projection, generation: live.generation }));
  }

  #retire(hosted: Hosted, slot: Slot): void {
    const cancel = this.#context.clock.schedule(RETIREMENT_MS, () => {
      this.#retirements.delete(cancel);
      // When it fails it stays written down as retired, and is removed at the next start.
      void this.#inTurn(() => this.#remove(hosted, slot)).catch((error: unknown) => this.#failed([hosted], error, 0));
    });
    this.#retirements.add(cancel);
  }

  async #remove(hosted: Hosted, slot: Slot): Promise<void> {
    const fill = { ...hosted.projection, ...slot };
    await this.#context.documents.drop(collectionOf(fill), checkpointNameOf(fill));
    await this.#change(hosted, (slots) => forget(slots, slot));
  }

  #change(hosted: Hosted, change: (slots: SlotsContent) => SlotsContent): Promise<SlotsContent> {
    return changeSlots(this.#context.documents, hosted.projection, change);
  }

  #named(name: string): Hosted | undefined {
    return this.#hosted.find(({ projection }) => projection.name === name);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task, task);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** Those whose first category is the same read it together, with what further ones some of them fold. */
function firstCategoryOf({ projection }: Pick<Hosted, "projection">): string {
  return projection.categories?.[0] ?? "all";
}

/** Those of one group share a reading of the log. */
function groupOf(hosted: Pick<Hosted, "projection" | "apart">): string {
  return `${firstCategoryOf(hosted)}${hosted.apart ? " apart" : ""}`;
}

function isOfThisVersion({ projection, live }: Hosted): boolean {
  return live.version === projection.version;
}

function firstSlot({ version }: AnyProjection): Slot {
  return { version, generation: 0 };
}
