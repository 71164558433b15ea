import { decideAppend } from "../append/append-decision.ts";
import type { AppendDecision } from "../append/append-decision.ts";
import type { PreparedAppend } from "../append/prepared-append.ts";
import { categoryOf } from "../event-store.ts";
import { StoreUnavailable } from "../event-store-errors.ts";
import type { EventRow } from "../pages/event-row.ts";
import type { LogPage, LogPages, LogPlaces } from "../pages/log-pages.ts";
import { Waiters } from "../../../runtime/waiters.ts";
import type { LogWatch } from "../pages/log-watch.ts";

/** The rows of a log in memory. Every method throws StoreUnavailable once it is closed. */
export class MemoryLog implements LogPages, LogPlaces, LogWatch {
  /** The event at position n is at index n - 1. */
  readonly #rows: EventRow[] = [];
  readonly #streams = new Map<string, EventRow[]>();
  readonly #waiters = new Waiters();
  #closed = false;

  /** The rows of one stream by revision; empty if the stream does not exist. */
  stream(name: string): readonly EventRow[] {
    this.#refuseWhenClosed();
    return this.#streams.get(name) ?? [];
  }

  /** What an append would do now. */
  decide(append: PreparedAppend): AppendDecision {
    const rows = this.stream(append.stream);
    return decideAppend(append.expectation, append.ids, {
      head: rows.length === 0 ? null : rows.length - 1,
      find: (ids, first, last) => rows.slice(first, last + 1).filter((row) => ids.includes(row.id)),
    });
  }

  /** Adds the events after the stream's last and wakes the waiters. */
  write(append: PreparedAppend, recordedAt: number): void {
    const rows = this.#streams.get(append.stream) ?? [];
    append.ids.forEach((id, index) => {
      const row: EventRow = {
        position: this.#rows.length + 1,
        stream: append.stream,
        revision: rows.length,
        id,
        type: append.types[index] ?? "",
        data: append.data[index] ?? "",
        metadata: append.metadata[index] ?? "",
        recordedAt,
      };
      this.#rows.push(row);
      rows.push(row);
    });
    this.#streams.set(append.stream, rows);
    this.#waiters.wakeAll();
  }

  headPosition(): number {
    this.#refuseWhenClosed();
    return this.#rows.length;
  }

  idAt(position: number): string | null {
    this.#refuseWhenClosed();
    return this.#rows[position - 1]?.id ?? null;
  }

  at(position: number): EventRow | null {
    this.#refuseWhenClosed();
    return this.#rows[position - 1] ?? null;
  }

  page(after: number, categories: readonly string[] | undefined, limit: number): LogPage {
    this.#refuseWhenClosed();
    const rows: EventRow[] = [];
    let next = after;
    for (; next < this.#rows.length && rows.length < limit; next += 1) {
      const row = this.#rows[next];
      if (row !== undefined && (categories?.includes(categoryOf(row.stream)) ?? true)) rows.push(row);
    }
    return { rows, end: next >= this.#rows.length };
  }

  version(): number {
    return this.#rows.length;
  }

  async changed(seen: number, signal: AbortSignal): Promise<void> {
    if (this.version() === seen && !this.#closed) await this.#waiters.wait(signal);
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#waiters.wakeAll();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new StoreUnavailable("the event store is closed");
  }
}
