/** The token under which the container registers the health of the process. */
export const HEALTH = Symbol("Health");

/** Whether the process can take work, and if not, why. Each concern says so itself, under a name of its own. */
export class Health {
  readonly #reasons = new Map<string, string>();

  /** This concern keeps the process from taking work, for a reason that an operator understands. */
  degrade(concern: string, reason: string): void {
    this.#reasons.set(concern, reason);
  }

  /** This concern is all right again. */
  restore(concern: string): void {
    this.#reasons.delete(concern);
  }

  /** Why the process is not ready, one sentence a concern; empty when it is. */
  get reasons(): string[] {
    return [...this.#reasons].map(([concern, reason]) => `${concern}: ${reason}`);
  }
}
