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
  /** Attempts under way to one endpoint at a time. */
  readonly concurrencyPerEndpoint: number;
}

interface Lane<T> {
  waiting: T[];
  /** The index of the first that waits; those before it are taken. */
  head: number;
  running: number;
  /** Whether it stands in the ring of lanes that can give something. */
  inRing: boolean;
  /** Whether an entry found this lane full since it last ran low. */
  turnedAway: boolean;
}

/**
 * A bounded queue that is fair between endpoints: they take turns, and an endpoint whose share is under way is passed
 * over. Not a promise: whatever does not fit waits in the read model `due-deliveries`.
 */
export class FairQueue<T extends Queued> {
  readonly #limits: QueueLimits;
  readonly #lanes = new Map<number, Lane<T>>();
  readonly #known = new Set<string>();
  #ring: number[] = [];
  #size = 0;
  #bytes = 0;
  #turnedAway = false;
  readonly #onLow: () => void;

  /** `onLow` is called when the queue, or one endpoint's part of it, runs low after it had to turn something away. */
  constructor(limits: QueueLimits, onLow: () => void) {
    this.#limits = limits;
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
    const lane = this.#laneOf(entry.endpointId);
    if (lane.waiting.length - lane.head >= this.#limits.entriesPerEndpoint) {
      lane.turnedAway = true;
      return false;
    }
    lane.waiting.push(entry);
    this.#known.add(entry.deliveryId);
    this.#size++;
    this.#bytes += entry.bytes;
    this.#ringUp(entry.endpointId, lane);
    return true;
  }

  /** The next entry whose endpoint has a free slot, which it now holds; null when there is none. */
  take(): T | null {
    const endpointId = this.#ring.shift();
    if (endpointId === undefined) return null;
    const lane = this.#laneOf(endpointId);
    lane.inRing = false;
    const entry = lane.waiting[lane.head++];
    if (entry === undefined) throw new Error("an endpoint without waiting deliveries stood in the ring");
    if (lane.head > 64 && lane.head * 2 > lane.waiting.length) {
      lane.waiting = lane.waiting.slice(lane.head);
      lane.head = 0;
    }
    lane.running++;
    this.#size--;
    this.#bytes -= entry.bytes;
    this.#ringUp(endpointId, lane);
    this.#noticeLow(lane);
    return entry;
  }

  /** Gives the endpoint's slot back. The delivery stays known until `forget`. */
  releaseSlot(endpointId: number): void {
    const lane = this.#laneOf(endpointId);
    lane.running--;
    this.#ringUp(endpointId, lane);
    if (lane.running === 0 && lane.waiting.length === lane.head) this.#lanes.delete(endpointId);
  }

  /** The delivery is no longer under way here. */
  forget(deliveryId: string): void {
    this.#known.delete(deliveryId);
  }

  #laneOf(endpointId: number): Lane<T> {
    let lane = this.#lanes.get(endpointId);
    if (lane === undefined) {
      lane = { waiting: [], head: 0, running: 0, inRing: false, turnedAway: false };
      this.#lanes.set(endpointId, lane);
    }
    return lane;
  }

  #ringUp(endpointId: number, lane: Lane<T>): void {
    if (lane.inRing || lane.waiting.length === lane.head) return;
    if (lane.running >= this.#limits.concurrencyPerEndpoint) return;
    lane.inRing = true;
    this.#ring.push(endpointId);
  }

  #noticeLow(lane: Lane<T>): void {
    const low =
      (this.#turnedAway && this.#size < this.#limits.entries / 4) ||
      (lane.turnedAway && lane.waiting.length - lane.head < this.#limits.entriesPerEndpoint / 4);
    if (!low) return;
    this.#turnedAway = false;
    lane.turnedAway = false;
    this.#onLow();
  }
}
