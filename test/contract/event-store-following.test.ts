import { describe, expect, it } from "vitest";
import type { SubscriptionMessage } from "../../src/events/store/event-store.ts";
import type { EventRow } from "../../src/events/store/pages/event-row.ts";
import { followPages } from "../../src/events/store/pages/log-pages.ts";
import type { LogPages } from "../../src/events/store/pages/log-pages.ts";
import { Waiters } from "../../src/runtime/waiters.ts";
import type { LogWatch } from "../../src/events/store/pages/log-watch.ts";
import { positionOf } from "../../src/events/store/position.ts";

/** A log into which another thread commits at the worst moments: `commitDuring` names the read that it follows. */
class RacingLog implements LogPages, LogWatch {
  readonly rows: EventRow[] = [];
  readonly closed = false;
  readonly #waiters = new Waiters();
  #commitDuring: "version" | "head" | "page" | null = null;

  commit(): void {
    const position = this.rows.length + 1;
    const place = { position, stream: `user-${position}`, revision: 0 };
    this.rows.push({ ...place, id: "", type: "UserCreated", data: "{}", metadata: "{}", recordedAt: 0 });
    this.#waiters.wakeAll();
  }

  commitDuring(read: "version" | "head" | "page"): void {
    this.#commitDuring = read;
  }

  version(): number {
    return this.#answer("version", this.rows.length);
  }

  headPosition(): number {
    return this.#answer("head", this.rows.length);
  }

  page(after: number, _categories: unknown, limit: number): { rows: EventRow[]; end: boolean } {
    const rows = this.rows.slice(after, after + limit);
    return this.#answer("page", { rows, end: after + rows.length >= this.rows.length });
  }

  async changed(seen: number, signal: AbortSignal): Promise<void> {
    if (this.rows.length === seen) await this.#waiters.wait(signal);
  }

  #answer<T>(read: "version" | "head" | "page", answer: T): T {
    if (this.#commitDuring === read) {
      this.#commitDuring = null;
      this.commit();
    }
    return answer;
  }
}

describe("following a log while another thread commits", () => {
  it.each(["version", "head", "page"] as const)(
    "neither misses a commit that comes just after the %s was read, nor claims it too early",
    async (read) => {
      const log = new RacingLog();
      log.commit();
      const abort = new AbortController();
      const messages: SubscriptionMessage[] = [];
      log.commitDuring(read);
      for await (const message of followPages(log, log, { signal: abort.signal })) {
        messages.push(message);
        if (message.kind === "event") continue;
        const yielded = messages.filter(({ kind }) => kind === "event").length;
        // No event is missing up to there, and none beyond it was given: who goes on from here gets it once.
        expect(message).toMatchObject({ position: positionOf(yielded), searchedTo: positionOf(yielded) });
        if (message.position === positionOf(2)) abort.abort();
      }
      const positions = messages.flatMap((message) => (message.kind === "event" ? [message.event.position] : []));
      expect(positions).toEqual([positionOf(1), positionOf(2)]);
    },
  );
});
