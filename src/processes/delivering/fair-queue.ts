import { QueueLanes, takeFirst, waitingIn } from "./queue-lanes.ts";
import type { Lane, LaneOwner } from "./queue-lanes.ts";
import { Ring } from "./ring.ts";

/** What a queue needs to know of what waits in it. */
export interface Queued {
  readonly deliveryId: string;
  readonly endpointId: number;
  /** What it holds in memory, in bytes. */
  readonly bytes: number;
}

export interface QueueLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Of one endpoint, so that one that answers slowly cannot fill the queue. */
  readonly entriesPerEndpoint: number;
  /** Attempts under way at a time, to all endpoints together. */
  readonly slots: number;
}

/** What an endpoint may have, and whose share it counts to. */
export interface EndpointShare {
  readonly userId: number;
  /** Attempts under way to it at a time. */
  readonly concurrency: number;
}

/**
 * One user may have this many times what is left free, of slots as of room in the queue. So one alone gets three quarters
 * of all, n get 3/(3n + 1) each, and there is always something left for who has nothing yet ("dynamic thresholds",
 * Choudhury and Hahne 1998).
 */
const TIMES_WHAT_IS_FREE = 3;

/**
 * A bounded queue that is fair between users, and between the endpoints of each: they take turns, an endpoint whose share
 * is under way is passed over, and no user can have everything. Not a promise: whatever does not fit waits in the read
 * model `due-deliveries`.
 */
export class FairQueue<T extends Queued> {
  readonly #limits: QueueLimits;
  readonly #shareOf: (endpointId: number) => EndpointShare;
  readonly #onLow: () => void;
  readonly #lanes: QueueLanes<T>;
  readonly #known = new Set<string>();
  /** Users with something to give. */
  readonly #ring = new Ring<LaneOwner<T>>();
  #size = 0;
  #bytes = 0;
  #running = 0;
  #turnedAway = false;

  /**
   * @param shareOf says at once what an endpoint may have; asked again each time, since it may change
   * @param onLow is called when the queue, or one user's or endpoint's part of it, runs low after something was turned away
   */
  constructor(limits: QueueLimits, shareOf: (endpointId: number) => EndpointShare, onLow: () => void) {
    this.#limits = limits;
    this.#shareOf = shareOf;
    this.#lanes = new QueueLanes((endpointId) => shareOf(endpointId).userId);
    this.#onLow = onLow;
  }

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** True while the delivery waits or is under way. */
  knows(deliveryId: string): boolean {
    return this.#known.has(deliveryId);
  }

  /** True when nothing more fits, whatever its endpoint. */
  get full(): boolean {
    return this.#size >= this.#limits.entries || this.#bytes >= this.#limits.bytes;
  }

  /** Puts an entry at its endpoint's end; false when there is no room. A delivery that is known already is kept once. */
  offer(entry: T): boolean {
    if (this.#known.has(entry.deliveryId)) return true;
    if (this.full || this.#bytes + entry.bytes > this.#limits.bytes) {
      this.#turnedAway = true;
      return false;
    }
    const lane = this.#lanes.of(entry.endpointId);
    const { user } = lane;
    if (!this.#hasRoomFor(user)) {
      user.turnedAwayAt ??= user.waiting;
      this.#lanes.dropIfIdle(lane);
      return false;
    }
    if (waitingIn(lane) >= this.#limits.entriesPerEndpoint) {
      lane.turnedAway = true;
      return false;
    }
    lane.waiting.push(entry);
    this.#known.add(entry.deliveryId);
    this.#count(user, 1, entry.bytes);
    this.#ringUp(lane);
    return true;
  }

  /** The next entry whose endpoint and user have a free slot, which they now hold; null when there is none. */
  take(): T | null {
    // Passed over are only users with a good part of all slots, so that these are few.
    for (let left = this.#ring.size; left > 0; left--) {
      const user = this.#ring.shift();
      const lane = user !== null && this.#hasSlotFor(user) ? user.ring.shift() : null;
      if (user !== null && user.ring.size > 0) this.#ring.push(user);
      if (lane !== null) return this.#takeOf(lane);
    }
    return null;
  }

  /** Gives the endpoint's slot back. The delivery stays known until `forget`. */
  releaseSlot(endpointId: number): void {
    const lane = this.#lanes.of(endpointId);
    this.#run(lane, -1);
    this.#ringUp(lane);
    this.#lanes.dropIfIdle(lane);
  }

  /** The delivery is no longer under way here. */
  forget(deliveryId: string): void {
    this.#known.delete(deliveryId);
  }

  #takeOf(lane: Lane<T>): T {
    const entry = takeFirst(lane);
    if (entry === undefined) throw new Error("an endpoint without waiting deliveries stood in the ring");
    this.#run(lane, 1);
    this.#count(lane.user, -1, -entry.bytes);
    this.#ringUp(lane);
    this.#noticeLow(lane);
    return entry;
  }

  #hasRoomFor(user: LaneOwner<T>): boolean {
    const { entries, bytes } = this.#limits;
    const isBelow = (own: number, free: number): boolean => own < TIMES_WHAT_IS_FREE * free;
    return isBelow(user.waiting, entries - this.#size) && isBelow(user.bytes, bytes - this.#bytes);
  }

  #hasSlotFor(user: LaneOwner<T>): boolean {
    return user.running < TIMES_WHAT_IS_FREE * (this.#limits.slots - this.#running);
  }

  #count(user: LaneOwner<T>, entries: 1 | -1, bytes: number): void {
    user.waiting += entries;
    user.bytes += bytes;
    this.#size += entries;
    this.#bytes += bytes;
  }

  #run(lane: Lane<T>, slots: 1 | -1): void {
    lane.running += slots;
    lane.user.running += slots;
    this.#running += slots;
  }

  #ringUp(lane: Lane<T>): void {
    if (waitingIn(lane) === 0 || lane.running >= this.#shareOf(lane.endpointId).concurrency) return;
    lane.user.ring.push(lane);
    this.#ring.push(lane.user);
  }

  #noticeLow(lane: Lane<T>): void {
    const { user } = lane;
    const isLow = (left: number, of: number): boolean => left < of / 4;
    const low =
      (this.#turnedAway && isLow(this.#size, this.#limits.entries)) ||
      (lane.turnedAway && isLow(waitingIn(lane), this.#limits.entriesPerEndpoint)) ||
      (user.turnedAwayAt !== null && isLow(user.waiting, user.turnedAwayAt));
    if (!low) return;
    this.#turnedAway = false;
    lane.turnedAway = false;
    user.turnedAwayAt = null;
    this.#onLow();
  }
}
