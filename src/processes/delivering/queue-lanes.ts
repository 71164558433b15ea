import { Ring } from "./ring.ts";

/** The waiting entries of one endpoint. */
export interface Lane<T> {
  readonly endpointId: number;
  readonly user: LaneOwner<T>;
  waiting: T[];
  /** The index of the first waiting entry; those before it are taken. */
  head: number;
  running: number;
  /** Whether an entry found this lane full since it last ran low. */
  turnedAway: boolean;
}

/** The user who owns the endpoints of some lanes. */
export interface LaneOwner<T> {
  readonly userId: number;
  /** Lanes with entries that can be taken. */
  readonly ring: Ring<Lane<T>>;
  lanes: number;
  waiting: number;
  bytes: number;
  running: number;
  /** How many waited when an entry found this user's share full; null: that has not happened since it last ran low. */
  turnedAwayAt: number | null;
}

/** The lanes of a queue and their users; only for endpoints with entries that wait or are under way. */
export class QueueLanes<T> {
  readonly #userOfEndpoint: (endpointId: number) => number;
  readonly #lanes = new Map<number, Lane<T>>();
  readonly #users = new Map<number, LaneOwner<T>>();

  /** `userOfEndpoint` is called once per lane. */
  constructor(userOfEndpoint: (endpointId: number) => number) {
    this.#userOfEndpoint = userOfEndpoint;
  }

  /** The lane of an endpoint; creates it if needed. */
  of(endpointId: number): Lane<T> {
    let lane = this.#lanes.get(endpointId);
    if (lane === undefined) {
      const user = this.#userOf(this.#userOfEndpoint(endpointId));
      lane = { endpointId, user, waiting: [], head: 0, running: 0, turnedAway: false };
      user.lanes++;
      this.#lanes.set(endpointId, lane);
    }
    return lane;
  }

  /** Forgets a lane when nothing waits in it or is under way, and its user with the last lane. */
  dropIfIdle(lane: Lane<T>): void {
    const { endpointId, user, running } = lane;
    if (running > 0 || waitingIn(lane) > 0) return;
    this.#lanes.delete(endpointId);
    user.lanes--;
    if (user.lanes === 0) this.#users.delete(user.userId);
  }

  #userOf(userId: number): LaneOwner<T> {
    let user = this.#users.get(userId);
    if (user === undefined) {
      user = { userId, ring: new Ring(), lanes: 0, waiting: 0, bytes: 0, running: 0, turnedAwayAt: null };
      this.#users.set(userId, user);
    }
    return user;
  }
}

/** How many entries wait in a lane. */
export function waitingIn({ waiting, head }: Lane<unknown>): number {
  return waiting.length - head;
}

/** Takes the first waiting entry out of a lane, in constant time on average; undefined if there is none. */
export function takeFirst<T>(lane: Lane<T>): T | undefined {
  const first = lane.waiting[lane.head];
  if (first === undefined) return undefined;
  lane.head++;
  if (lane.head > 64 && lane.head * 2 > lane.waiting.length) {
    lane.waiting = lane.waiting.slice(lane.head);
    lane.head = 0;
  }
  return first;
}
