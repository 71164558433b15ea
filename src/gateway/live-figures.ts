import type { DependencyContainer } from "tsyringe";
import { HEALTH } from "../observability/health.ts";
import { INSTANCE } from "../observability/instance.ts";
import type { LiveFigures } from "../observability/live-gauges.ts";
import { FAILING_POLICY } from "../processes/endpoints/failing-endpoints.ts";
import { DeliveryWorker } from "../processes/delivering/delivery-worker.ts";
import { RetryScheduler } from "../processes/retrying/retry-scheduler.ts";
import { DIRECTORY } from "../projections/directory/directory.ts";
import { PROJECTION_PROGRESS } from "../projections/running/projection-progress.ts";
import { SeenHeads } from "../projections/running/seen-heads.ts";
import { CLOCK } from "../runtime/clock.ts";
import { MeasuredEventStore } from "../storage/measured-event-store.ts";
import { STORAGE } from "../storage/storage.ts";
import { SampledFigures } from "./sampled-figures.ts";

/** The figures that `/metrics` reads at each scrape, from memory or a bounded sample, so that it answers even if a store is down. */
export function liveFigures(container: DependencyContainer): LiveFigures {
  const clock = container.resolve(CLOCK);
  const { version, revision } = container.resolve(INSTANCE);
  const health = container.resolve(HEALTH);
  const store = container.resolve(MeasuredEventStore);
  const heads = container.resolve(SeenHeads);
  const worker = container.resolve(DeliveryWorker);
  const scheduler = container.resolve(RetryScheduler);
  const progress = container.resolve(PROJECTION_PROGRESS);
  const directory = container.resolve(DIRECTORY);
  const sampled = new SampledFigures(container.resolve(STORAGE), clock, container.resolve(FAILING_POLICY).attempts);
  return {
    build: { version, revision },
    load: () => worker.load,
    appendsUnderWay: () => store.appendsUnderWay,
    lastScan: () => {
      const { lastScan } = scheduler;
      if (lastScan === null) return null;
      return { secondsAgo: (clock.monotonic() - lastScan.at) / 1_000, oldestDueSeconds: lastScan.oldestDueMs / 1_000 };
    },
    armed: () => scheduler.armed,
    projections: () =>
      [...progress.statuses(), ...[directory.status].filter((status) => status !== null)].map(
        ({ name, state, position }) => ({
          name,
          live: state === "live",
          lagSeconds: heads.lagMs(position, clock.monotonic()) / 1_000,
        }),
      ),
    pauses: () => directory.pauses.counts,
    ready: () => health.reasons.length === 0,
    sample: () => sampled.last,
    sampleAge: () => sampled.age,
    refresh: (patienceMs) => sampled.refresh(patienceMs),
  };
}
