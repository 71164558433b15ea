import { randomUUID } from "node:crypto";
import { eventsToAppend } from "../../../src/commands/command-context.ts";
import type { GatewayEvent } from "../../../src/events/catalogue.ts";
import { MemoryEventStore } from "../../../src/events/memory/memory-event-store.ts";
import { PROJECTIONS } from "../../../src/projections/catalogue.ts";
import type { DocumentStore } from "../../../src/projections/document-store.ts";
import { MemoryDocumentStore } from "../../../src/projections/memory/memory-document-store.ts";
import { ProjectionHost } from "../../../src/projections/projection-host.ts";
import type { RebuildStatus } from "../../../src/projections/fill-builder.ts";
import type { Slot } from "../../../src/projections/slots.ts";
import type { ProjectionStatus } from "../../../src/projections/runner.ts";
import { appendEach } from "../../fixtures/event-samples.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

/** Runners of all projections over one store of documents, stopped by `stop`. */
export interface Runners {
  /** The last status of each projection, by its name. */
  readonly statuses: ReadonlyMap<string, ProjectionStatus>;
  /** Every status that was reported, in order. */
  readonly reported: readonly ProjectionStatus[];
  /** The messages of failures after which a runner was started again. */
  readonly failures: readonly string[];
  /** The read models that were made anew because they came from another log. */
  readonly resets: readonly string[];
  /** Which fill of each read model is shown. */
  readonly live: ReadonlyMap<string, Slot>;
  /** Every report of a rebuild, in order. */
  readonly rebuilds: readonly (readonly [string, RebuildStatus | null])[];
  readonly host: ProjectionHost;
  stop(): Promise<void>;
}

/** A log and documents in memory, with a clock that stands still. */
export class ProjectionWorld {
  readonly clock = new FakeClock();
  readonly log = new MemoryEventStore(this.clock);
  readonly documents = new MemoryDocumentStore();

  async append(stream: string, ...events: readonly GatewayEvent[]): Promise<void> {
    const context = { commandId: randomUUID(), correlationId: randomUUID(), actor: "test" };
    await appendEach(this.log, stream, eventsToAppend(events, context));
  }

  /** Appends what no version of this program can read. */
  async appendPoison(stream: string): Promise<void> {
    const metadata = { $correlationId: "c", $causationId: "c", actor: "test", schemaVersion: 1 };
    await this.log.append(stream, [{ id: randomUUID(), type: "Unheard", data: {}, metadata }], "any");
  }

  start(documents: DocumentStore = this.documents, projections = PROJECTIONS): Runners {
    const abort = new AbortController();
    const statuses = new Map<string, ProjectionStatus>();
    const reported: ProjectionStatus[] = [];
    const failures: string[] = [];
    const live = new Map<string, Slot>();
    const resets: string[] = [];
    const rebuilds: [string, RebuildStatus | null][] = [];
    const reports = {
      status: (status: ProjectionStatus) => {
        statuses.set(status.name, status);
        reported.push(status);
      },
      failure: (_name: string, message: string) => failures.push(message),
      reset: (name: string) => resets.push(name),
      live: (name: string, slot: Slot) => live.set(name, slot),
      rebuild: (name: string, status: RebuildStatus | null) => rebuilds.push([name, status]),
    };
    const host = new ProjectionHost(projections, this.log, documents, this.clock, reports);
    const ended = host.run(abort.signal);
    const stop = async (): Promise<void> => {
      abort.abort();
      await ended;
    };
    return { statuses, reported, failures, resets, live, rebuilds, host, stop };
  }

  /** Lets the runners reach the end of the log. */
  async caughtUp(...runners: readonly Runners[]): Promise<void> {
    const head = await this.log.head();
    const reached = ({ statuses }: Runners): boolean =>
      [...statuses.values()].every(({ position, state }) => state === "faulted" || position === head) &&
      statuses.size > 0;
    for (let tick = 0; tick < 1_000; tick++) {
      await this.clock.advance(25);
      if (runners.every(reached)) return;
    }
    throw new Error("the projections did not reach the end of the log");
  }
}
