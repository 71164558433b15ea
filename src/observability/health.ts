import { token } from "../runtime/token.ts";

/** The token under which the container registers the health of the process. */
export const HEALTH = token<Health>("Health");

/**
 * Whether the process can take work, and if not, why. Each concern says so itself, under a name of its own. At its start
 * a process cannot until reads are answered. What later only keeps something from being shown or sent for a while is no
 * concern of it, since payloads are taken all the same: a MongoDB that is down, for instance, or read models that have no
 * room on the disk.
 */
export class Health {
  readonly #reasons = new Map<string, string>();
  readonly #watched = new Map<string, () => string | null>();

  /** This concern keeps the process from taking work, for a reason that an operator understands. */
  degrade(concern: string, reason: string): void {
    this.#reasons.set(concern, reason);
  }

  /** This concern is all right again. */
  restore(concern: string): void {
    this.#reasons.delete(concern);
  }

  /** This concern is asked each time, and gives a reason or null; it has to answer from memory. */
  watch(concern: string, reasonOf: () => string | null): void {
    this.#watched.set(concern, reasonOf);
  }

  /** Why the process is not ready, one sentence a concern; empty when it is. */
  get reasons(): string[] {
    const reasons = new Map(this.#reasons);
    for (const [concern, reasonOf] of this.#watched) {
      const reason = reasonOf();
      if (reason !== null) reasons.set(concern, reason);
    }
    return [...reasons].map(([concern, reason]) => `${concern}: ${reason}`);
  }
}
