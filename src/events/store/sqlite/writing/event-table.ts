import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RecordedId } from "../../append/append-decision.ts";
import { recordedCategoryOf } from "../../event-store.ts";
import type { EventRow } from "../../pages/event-row.ts";

/** The statements with which the writer reads and extends the events table. The caller holds the transaction. */
export class EventTable {
  readonly #lastPosition: StatementSync;
  readonly #streamHead: StatementSync;
  readonly #positionAt: StatementSync;
  readonly #findIds: StatementSync;
  readonly #insert: StatementSync;

  constructor(db: DatabaseSync) {
    this.#lastPosition = db.prepare("SELECT max(position) FROM events");
    this.#streamHead = db.prepare("SELECT revision FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1");
    this.#positionAt = db.prepare("SELECT position FROM events WHERE stream = ? AND revision = ?");
    this.#findIds = db.prepare(
      "SELECT revision, id FROM events WHERE stream = ? AND revision BETWEEN ? AND ?" +
        " AND id IN (SELECT value FROM json_each(?)) ORDER BY revision",
    );
    this.#insert = db.prepare(
      "INSERT INTO events (position, category, stream, revision, id, type, data, metadata, recorded_at)" +
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    for (const statement of [this.#lastPosition, this.#streamHead, this.#positionAt]) statement.setReturnArrays(true);
  }

  /** The position of the last event, 0 for an empty log. */
  lastPosition(): number {
    return firstNumber(this.#lastPosition.get()) ?? 0;
  }

  /** The last revision of a stream, or null if it has no events. */
  headOf(stream: string): number | null {
    return firstNumber(this.#streamHead.get(stream));
  }

  /** The position of an event, or 0 if it does not exist. */
  positionAt(stream: string, revision: number): number {
    return firstNumber(this.#positionAt.get(stream, revision)) ?? 0;
  }

  /** The events with one of these ids at the revisions `first` to `last`, by ascending revision. */
  find(stream: string, ids: readonly string[], first: number, last: number): RecordedId[] {
    const rows = this.#findIds.all(stream, first, last, JSON.stringify(ids));
    return rows.map((row) => ({ revision: Number(row["revision"]), id: String(row["id"]) }));
  }

  insert(row: EventRow): void {
    const category = recordedCategoryOf(row.stream);
    const { position, stream, revision, id, type, data, metadata, recordedAt } = row;
    this.#insert.run(position, category, stream, revision, id, type, data, metadata, recordedAt);
  }
}

/** The first column of a row in array form, as a number; null if there is no row or the value is NULL. */
function firstNumber(row: unknown): number | null {
  const value: unknown = Array.isArray(row) ? row[0] : null;
  return typeof value === "number" ? value : null;
}
