import { describe, expect, it } from "vitest";
import { SampledFigures } from "../../../src/gateway/sampled-figures.ts";
import { ReadModelsUnavailable } from "../../../src/projections/store/document-store.ts";
import type { StorageSizes } from "../../../src/storage/storage.ts";
import { memoryStorage } from "../../fixtures/event-log/memory-storage.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const SIZES: StorageSizes = { eventLogBytes: 1, readModelsBytes: 2, diskFreeBytes: 3 };
const NOTHING = { endpointsFailing: 0, deliveriesHeld: 0, deliveriesDue: 0, deliveriesDueWithinHour: 0 };
const UNKNOWN = { endpointsFailing: null, deliveriesHeld: null, deliveriesDue: null, deliveriesDueWithinHour: null };

describe("the sampled figures", () => {
  it("are read when they are wanted, and not again until twenty times as long has passed as that took", async () => {
    const clock = new FakeClock();
    const { documents } = memoryStorage(clock);
    let samples = 0;
    const sizes = async (): Promise<StorageSizes> => {
      samples += 1;
      await clock.advance(10);
      return SIZES;
    };
    const figures = new SampledFigures({ documents, sizes }, clock, 20);
    expect(samples).toBe(0);
    await figures.refresh();
    expect(figures.last).toEqual({ ...SIZES, ...NOTHING });
    await clock.advance(199);
    await figures.refresh();
    expect(samples).toBe(1);
    await clock.advance(1);
    await Promise.all([figures.refresh(), figures.refresh()]);
    expect(samples).toBe(2);
  });

  it("are unknown when the store does not give them, each for itself", async () => {
    const clock = new FakeClock();
    const { documents } = memoryStorage(clock);
    const fails = (): Promise<never> => Promise.reject(new ReadModelsUnavailable("MongoDB is down"));
    const sizes = async (): Promise<StorageSizes> => SIZES;
    await documents.close();
    const withoutModels = new SampledFigures({ documents, sizes }, clock, 20);
    await withoutModels.refresh();
    expect(withoutModels.last).toEqual({ ...SIZES, ...UNKNOWN });
    const withoutSizes = new SampledFigures({ documents: memoryStorage(clock).documents, sizes: fails }, clock, 20);
    await withoutSizes.refresh();
    expect(withoutSizes.last).toMatchObject({
      eventLogBytes: null,
      readModelsBytes: null,
      diskFreeBytes: null,
      ...NOTHING,
    });
  });

  it("are those of before while a store does not answer, so that a scrape does", async () => {
    const clock = new FakeClock();
    const { documents } = memoryStorage(clock);
    let answer: (sizes: StorageSizes) => void = () => undefined;
    const sizes = (): Promise<StorageSizes> => new Promise((resolve) => (answer = resolve));
    const figures = new SampledFigures({ documents, sizes }, clock, 20);
    await figures.refresh();
    expect(figures.last).toMatchObject({ eventLogBytes: null, ...UNKNOWN });
    answer(SIZES);
    await figures.refresh();
    expect(figures.last).toEqual({ ...SIZES, ...NOTHING });
  });
});
