import { token } from "../runtime/token.ts";

/** The token under which the container registers the health of the process. */
export const HEALTH = token<Health>("Health");

/**
 * Whether the process can take work, and if not, why. Each concern reports itself under its own name. At its start a
 * process is not ready until it answers reads. Anything that later only delays what is shown or sent is not a concern,
 * because payloads are still accepted: for example, MongoDB is down, or the disk has no room for the read models.
 */
export class Health {
  readonly #reasons = new Map<string, string>();
  readonly #watched = new Map<string, () => string | null>();

  /** This concern prevents work, for a reason that an operator understands. */
  degrade(concern: string, reason: string): void {
    this.#reasons.set(concern, reason);
  }

  /** This concern is fine again. */
  restore(concern: string): void {
    this.#reasons.delete(concern);
  }

  /** Checks this concern at each call. `reasonOf` returns a reason or null, and must answer from memory. */
  watch(concern: string, reasonOf: () => string | null): void {
    this.#watched.set(concern, reasonOf);
  }

  /** Why the process is not ready, one sentence per concern; empty if it is ready. */
  get reasons(): string[] {
    const reasons = new Map(this.#reasons);
    for (const [concern, reasonOf] of this.#watched) {
      const reason = reasonOf();
      if (reason !== null) reasons.set(concern, reason);
    }
    return [...reasons].map(([concern, reason]) => `${concern}: ${reason}`);
  }
}
