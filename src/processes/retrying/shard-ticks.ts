import { appendSettled } from "../../commands/handling/append-settled.ts";
import { eventsToAppend } from "../../commands/handling/command-context.ts";
import { readEvent } from "../../events/catalogue.ts";
import type { EventStore, ExpectedRevision } from "../../events/store/event-store.ts";
import { RevisionConflict } from "../../events/store/event-store-errors.ts";
import type { Revision } from "../../events/store/position.ts";
import { tickStream } from "../../events/tick.ts";
import type { TickTaken } from "../../events/tick.ts";
import { isoNow } from "../../runtime/clock.ts";
import type { Clock } from "../../runtime/clock.ts";
import { timeOrderedId } from "../../runtime/time-ordered-id.ts";

/** Into how many parts the instances divide the due deliveries. */
export const SHARDS = 16;

/** The shard of a delivery: the last hexadecimal digit of its id, which is random in every kind of UUID that we use. */
export function shardOf(deliveryId: string): number {
  return Number.parseInt(deliveryId.slice(-1), SHARDS);
}

/** What this instance knows of the last tick of a shard. */
interface LastTick {
  /** The expected revision of the next append. */
  readonly revision: ExpectedRevision;
  readonly tick: number;
  readonly mine: boolean;
}

const NOTHING_KNOWN: LastTick = { revision: "no_stream", tick: -1, mine: false };

/** Decides which due deliveries this instance handles. */
export interface DueShares {
  /** The deliveries of a page of the to-do list that this instance handles until the tick ends. */
  mine<T extends { readonly _id: string }>(due: readonly T[]): Promise<readonly T[]>;
}

/** For the only instance on its log, which handles everything. */
export const ALL_SHARES: DueShares = { mine: (due) => Promise.resolve(due) };

/**
 * Divides the due deliveries between instances. An instance takes a tick of a shard by an append to the shard's stream,
 * and the winner handles that shard until the tick ends. What a dead winner left is overdue in the next tick, which any
 * instance may take. No promise depends on this: claims are decided on the delivery's own stream. A shard without due
 * deliveries costs no event.
 */
export class ShardTicks implements DueShares {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #instance: string;
  readonly #known = new Map<number, LastTick>();

  /**
   * `instance` is a UUID of this process. Ticks of `tickMs` are counted from the Unix epoch, the same for all
   * instances.
   */
  constructor(store: EventStore, clock: Clock, tickMs: number, instance: string) {
    this.#store = store;
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#instance = instance;
  }

  /** @throws what the store throws */
  async mine<T extends { readonly _id: string }>(due: readonly T[]): Promise<readonly T[]> {
    const shards = new Set(due.map(({ _id }) => shardOf(_id)));
    const mine = new Set<number>();
    for (const shard of shards) if (await this.#takes(shard)) mine.add(shard);
    return due.filter(({ _id }) => mine.has(shardOf(_id)));
  }

  async #takes(shard: number): Promise<boolean> {
    const tick = Math.floor(this.#clock.now() / this.#tickMs);
    let last = this.#known.get(shard) ?? NOTHING_KNOWN;
    // The known tick may be old: the append then fails, and its conflict gives the stream's revision.
    for (let tries = 0; last.tick < tick && tries < 2; tries++) last = await this.#append(shard, tick, last);
    this.#known.set(shard, last);
    return last.tick >= tick && last.mine;
  }

  async #append(shard: number, tick: number, last: LastTick): Promise<LastTick> {
    const takenAt = isoNow(this.#clock);
    const event: TickTaken = { type: "TickTaken", data: { tick, instance: this.#instance, takenAt } };
    const commandId = timeOrderedId();
    const events = eventsToAppend([event], { commandId, correlationId: commandId, actor: "retry-scheduler" });
    try {
      const { revision } = await appendSettled(this.#store, tickStream(shard), events, last.revision);
      return { revision, tick, mine: true };
    } catch (error) {
      if (!(error instanceof RevisionConflict) || error.actual === null) throw error;
      return this.#tickAt(shard, error.actual);
    }
  }

  async #tickAt(shard: number, revision: Revision): Promise<LastTick> {
    const [recorded] = await this.#store.read(tickStream(shard), { from: revision, limit: 1 });
    const event = recorded && readEvent(recorded);
    if (event?.type !== "TickTaken") throw new TypeError(`${event?.type ?? "nothing"} is not a TickTaken event`);
    const { tick, instance } = event.data;
    return { revision, tick, mine: instance === this.#instance };
  }
}
