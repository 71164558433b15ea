import { StoreOverloaded } from "../../event-store-errors.ts";

/** Appends that may wait for the server's answer at a time: what a frozen server can make this process hold. */
const MAX_APPENDS = 1_024;
const MAX_BYTES = 64 * 1024 * 1024;

/** Counts the appends under way, and refuses more than the process can afford. */
export class AppendLimit {
  readonly #underWay = new Set<Promise<unknown>>();
  #bytes = 0;

  /** Makes an append of so many bytes. Throws StoreOverloaded when there are too many already. */
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

  /** Resolves when all that are under way now have ended. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
