import { QueueLanes, takeFirst, waitingIn } from "./queue-lanes.ts";
import type { Lane, LaneOwner } from "./queue-lanes.ts";
import { Ring } from "./ring.ts";

/** What a queue needs to know of its entries. */
export interface Queued {
  readonly deliveryId: string;
  readonly endpointId: number;
  /** Its size in memory, in bytes. */
  readonly bytes: number;
}

export interface QueueLimits {
  readonly entries: number;
  readonly bytes: number;
  /** For one endpoint, so that one that answers slowly cannot fill the queue. */
  readonly entriesPerEndpoint: number;
  /** The most concurrent attempts to all endpoints together. */
  readonly slots: number;
}

/** An endpoint's limit, and the user whose share it counts towards. */
export interface EndpointShare {
  readonly userId: number;
  /** The most concurrent attempts to it. */
  readonly concurrency: number;
}

/**
 * A user may have this many times what is left free, of slots as of room in the queue. So one user alone gets three
 * quarters of all, n users get 3/(3n + 1) each, and something is always left for a new user ("dynamic thresholds",
 * Choudhury and Hahne 1998).
 */
const TIMES_WHAT_IS_FREE = 3;

/**
 * A bounded queue that is fair between users, and between the endpoints of each user. They take turns, an endpoint at
 * its limit is skipped, and no user can have everything. It promises nothing: an entry that does not fit waits in the
 * read model `due-deliveries`.
 */
export class FairQueue<T extends Queued> {
  readonly #limits: QueueLimits;
  readonly #shareOf: (endpointId: number) => EndpointShare;
  readonly #onLow: () => void;
  readonly #lanes: QueueLanes<T>;
  readonly #known = new Set<string>();
  /** Users with entries that can be taken. */
  readonly #ring = new Ring<LaneOwner<T>>();
  #size = 0;
  #bytes = 0;
  #running = 0;
  #turnedAway = false;

  /**
   * @param shareOf returns an endpoint's share, without waiting; called each time, because it may change
   * @param onLow called when the queue, or one user's or endpoint's part of it, runs low after it refused an entry
   */
  constructor(limits: QueueLimits, shareOf: (endpointId: number) => EndpointShare, onLow: () => void) {
    this.#limits = limits;
    this.#shareOf = shareOf;
    this.#lanes = new QueueLanes((endpointId) => shareOf(endpointId).userId);
    this.#onLow = onLow;
  }

  /** How many entries wait. */
  get size(): number {
    return this.#size;
  }

  /** True while the delivery waits or is under way. */
  knows(deliveryId: string): boolean {
    return this.#known.has(deliveryId);
  }

  /** True when no entry of any endpoint fits. */
  get full(): boolean {
    return this.#size >= this.#limits.entries || this.#bytes >= this.#limits.bytes;
  }

  /**
   * Adds an entry at the end of its endpoint's lane; false if there is no room. A known delivery is not added again.
   */
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

  /** The next entry whose endpoint and user have a free slot, which it then holds; null if there is none. */
  take(): T | null {
    // Only users that hold many of the slots are skipped, so there are few.
    for (let left = this.#ring.size; left > 0; left--) {
      const user = this.#ring.shift();
      const lane = user !== null && this.#hasSlotFor(user) ? user.ring.shift() : null;
      if (user !== null && user.ring.size > 0) this.#ring.push(user);
      if (lane !== null) return this.#takeOf(lane);
    }
    return null;
  }

  /** Releases the endpoint's slot. The delivery stays known until `forget`. */
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
