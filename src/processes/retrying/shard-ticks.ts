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

/** Into how many parts the instances divide what falls due. */
export const SHARDS = 16;

/** The shard of a delivery: the last hexadecimal digit of its id, which is random in every kind of UUID that we make. */
export function shardOf(deliveryId: string): number {
  return Number.parseInt(deliveryId.slice(-1), SHARDS);
}

/** What this instance knows of the last tick of a shard. */
interface LastTick {
  /** What the next append must expect. */
  readonly revision: ExpectedRevision;
  readonly tick: number;
  readonly mine: boolean;
}

const NOTHING_KNOWN: LastTick = { revision: "no_stream", tick: -1, mine: false };

/** Says which due deliveries are this instance's to look after. */
export interface DueShares {
  /** Those of a page of the to-do list that this instance takes care of until the tick ends. */
  mine<T extends { readonly _id: string }>(due: readonly T[]): Promise<readonly T[]>;
}

/** The only instance on its log takes care of everything. */
export const ALL_SHARES: DueShares = { mine: (due) => Promise.resolve(due) };

/**
 * How several instances divide what falls due: each tick of a shard is taken by an append to its stream, and whoever
 * wins the append does that shard's work until the tick ends. What a dead winner left is overdue in the next tick, which
 * anybody may take. No promise rests on it: who claims an attempt is decided on the delivery's own stream. A shard in
 * which nothing is due costs no event.
 */
export class ShardTicks implements DueShares {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #instance: string;
  readonly #known = new Map<number, LastTick>();

  /** `instance` is a UUID of this process; ticks of `tickMs` are counted from the Unix epoch, alike for all instances. */
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
    // What is known may be old: then the append fails, and gives away how the stream stands.
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
    if (event?.type !== "TickTaken") throw new TypeError(`${event?.type ?? "nothing"} is no event of a tick`);
    const { tick, instance } = event.data;
    return { revision, tick, mine: instance === this.#instance };
  }
}
