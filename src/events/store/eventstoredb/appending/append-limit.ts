import { StoreOverloaded } from "../../event-store-errors.ts";

/**
 * The most appends and bytes that may wait for the server's answer: they bound what a frozen server makes this process
 * hold.
 */
const MAX_APPENDS = 1_024;
const MAX_BYTES = 64 * 1024 * 1024;

/** Counts the appends under way and refuses more than the process can afford. */
export class AppendLimit {
  readonly #underWay = new Set<Promise<unknown>>();
  #bytes = 0;

  /** Runs an append of this many bytes. Throws StoreOverloaded when too many are under way. */
  async run<T>(bytes: number, append: () => Promise<T>): Promise<T> {
    if (this.#underWay.size >= MAX_APPENDS || this.#bytes + bytes > MAX_BYTES) {
      throw new StoreOverloaded("too many appends wait for the event store");
    }
    this.#bytes += bytes;
    const running = append();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
      this.#bytes -= bytes;
    }
  }

  /** Resolves when all appends that are under way now have ended. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
