import { afterEach, beforeEach, describe } from "vitest";
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

/** What the parts of the contract work with: the store of the present test. */
export interface ContractContext extends ContractOptions {
  readonly store: () => EventStore;
  /** What the test writes comes after this position; null on a log of its own. Spares it what others wrote before. */
  readonly begin: () => Position | null;
  readonly open: () => OpenEventStore;
}

/**
 * The semantics of the EventStore port, as tests. Each adapter runs all of them; `open` gives a store for one test. The
 * tests use categories of their own, so that they also hold on a log that has other events.
 */
export function eventStoreContract(
  name: string,
  open: () => Promise<OpenEventStore>,
  options: ContractOptions = {},
): void {
  describe(`${name} as an event store`, () => {
    let current: OpenEventStore;
    let begin: Position | null = null;
    beforeEach(async () => {
      current = await open();
      if (options.sharedLog === true) begin = await current.store.head();
    });
    afterEach(async () => {
      await current.close();
    });
    const context: ContractContext = {
      ...options,
      store: () => current.store,
      begin: () => begin,
      open: () => current,
    };
    appendingContract(context);
    repeatedAppendContract(context);
    concurrencyContract(context);
    contentContract(context);
    readingContract(context);
    subscriptionContract(context);
  });
}
