import type { Directory } from "../../projections/directory/directory.ts";
import { Waiters } from "../../runtime/waiters.ts";
import { HttpError } from "../errors.ts";

/** What of a user's endpoints the directory does not know yet. */
interface Registering {
  /** How many requests use this object; without any it may go. */
  requests: number;
  /** How many registrations are under way. */
  underWay: number;
  /** What was registered here and is not in the directory. */
  readonly unseen: Set<number>;
  /** Requests that wait for the end of a registration, which leaves a place for them or does not. */
  readonly waiting: Waiters;
}

/**
 * How many endpoints each user may have, exact for all that is registered through this process. A registration has its place
 * from its beginning. One that needs the place of another which is under way waits for that to end, so that nobody is refused
 * because of a registration that fails. Away from the limit nobody waits.
 */
export class EndpointPlaces {
  readonly #limit: number;
  readonly #directory: Pick<Directory, "endpointCount" | "knownEndpoint">;
  readonly #byUser = new Map<number, Registering>();

  /** @param limit for each user; 0: any number */
  constructor(limit: number, directory: Pick<Directory, "endpointCount" | "knownEndpoint">) {
    this.#limit = limit;
    this.#directory = directory;
  }

  /**
   * Registers an endpoint of a user when there is a place for it.
   *
   * @param catchUp has the directory see what was deleted on other instances; called before a refusal only
   * @throws HttpError `too_many_endpoints`, and whatever `register` and `catchUp` throw
   */
  async take<T extends { readonly endpointId: number }>(
    userId: number,
    register: () => Promise<T>,
    catchUp: () => Promise<unknown>,
  ): Promise<T> {
    if (this.#limit === 0) return register();
    const mine = this.#byUser.get(userId) ?? newRegistering();
    this.#byUser.set(userId, mine);
    mine.requests += 1;
    try {
      for (let caughtUp = false; ;) {
        const left = this.#left(userId, mine);
        if (left > mine.underWay) return await this.#register(userId, mine, register);
        if (left > 0) {
          await mine.waiting.wait();
          continue;
        }
        if (caughtUp) {
          const errors = [`at most ${this.#limit} endpoints may be registered`];
          throw new HttpError("too_many_endpoints", { errors });
        }
        await catchUp();
        caughtUp = true;
      }
    } finally {
      mine.requests -= 1;
      if (mine.requests === 0 && mine.unseen.size === 0) this.#byUser.delete(userId);
    }
  }

  async #register<T extends { readonly endpointId: number }>(
    userId: number,
    mine: Registering,
    register: () => Promise<T>,
  ): Promise<T> {
    mine.underWay += 1;
    try {
      const registered = await register();
      mine.unseen.add(registered.endpointId);
      return registered;
    } finally {
      mine.underWay -= 1;
      const left = this.#left(userId, mine);
      // Else all that is left is still taken by those under way.
      if (left <= 0 || left > mine.underWay) mine.waiting.wakeAll();
    }
  }

  /** How many endpoints the user may have besides those that exist. */
  #left(userId: number, { unseen }: Registering): number {
    for (const endpointId of unseen) {
      if (this.#directory.knownEndpoint(endpointId) !== null) unseen.delete(endpointId);
    }
    return this.#limit - this.#directory.endpointCount(userId) - unseen.size;
  }
}

function newRegistering(): Registering {
  return { requests: 0, underWay: 0, unseen: new Set(), waiting: new Waiters() };
}
