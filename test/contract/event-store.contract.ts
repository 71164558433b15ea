import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import type { TestContext } from "vitest";
import type { EventStore } from "../../src/events/store/event-store.ts";
import type { Position } from "../../src/events/store/position.ts";
import { appendingContract } from "./event-store-appending.contract.ts";
import { concurrencyContract } from "./event-store-concurrency.contract.ts";
import { contentContract } from "./event-store-content.contract.ts";
import { readingContract } from "./event-store-reading.contract.ts";
import { repeatedAppendContract } from "./event-store-repeated-append.contract.ts";
import { subscriptionContract } from "./event-store-subscription.contract.ts";

/** An open store of the adapter under test. */
export interface OpenEventStore {
  readonly store: EventStore;
  /** Closes the store and opens the same log again, where the log outlives it. */
  readonly reopen?: () => Promise<EventStore>;
  /** Closes the store (also the one that `reopen` gave) and removes what it left. */
  readonly close: () => Promise<void>;
}

/** What the log under test is. */
export interface ContractOptions {
  /**
   * Others write to its database, or wrote to it before: the log may hold events at first, its positions have gaps, and its
   * head may be beyond its last event. What only a log of its own gives is left out or asked for loosely then.
   */
  readonly sharedLog?: boolean;
}

/** Why a test is skipped that asks for what a shared log does not give. */
export const NOT_SHARED = "others write to this log";

/** What the parts of the contract work with: the store of the present test. */
export interface ContractContext extends ContractOptions {
  readonly store: () => EventStore;
  /** What the test writes comes after this position; null on a log of its own. Spares it what others wrote before. */
  readonly begin: () => Position | null;
  /** Declares a test that gets a log of its own, since it closes its store or asks for what only an empty log gives. */
  readonly itAlone: (name: string, test: (open: OpenEventStore, context: TestContext) => Promise<void>) => void;
}

/**
 * The semantics of the EventStore port, as tests. Each adapter runs all of them. Opening a store takes longer than most of
 * the tests, so they share the one that `open` gives first, each in categories of its own; `itAlone` opens another one.
 */
export function eventStoreContract(
  name: string,
  open: () => Promise<OpenEventStore>,
  options: ContractOptions = {},
): void {
  describe(`${name} as an event store`, () => {
    let shared: OpenEventStore;
    let own: OpenEventStore | undefined;
    let begin: Position | null = null;
    beforeAll(async () => {
      shared = await open();
    });
    beforeEach(async () => {
      begin = await shared.store.head();
    });
    afterEach(async () => {
      await own?.close();
      own = undefined;
    });
    afterAll(async () => {
      await shared.close();
    });
    const context: ContractContext = {
      ...options,
      store: () => (own ?? shared).store,
      begin: () => begin,
      itAlone: (title, test) =>
        it(title, async (testContext) => {
          own = await open();
          begin = options.sharedLog === true ? await own.store.head() : null;
          await test(own, testContext);
        }),
    };
    appendingContract(context);
    repeatedAppendContract(context);
    concurrencyContract(context);
    contentContract(context);
    readingContract(context);
    subscriptionContract(context);
  });
}
