import { expect } from "vitest";
import { positionOf } from "../../src/events/store/position.ts";
import type {
  Checkpoint,
  CollectionDefinition,
  DocumentQuery,
  DocumentStore,
  GuardedWrite,
  Scalar,
  StoredDocument,
} from "../../src/projections/store/document-store.ts";

/** Two handles on one store, empty at first. */
export interface OpenedDocumentStore {
  readonly store: DocumentStore;
  /** A handle of its own on the same store; it may be one that only reads. */
  readonly reader: DocumentStore;
  /** Closes both and removes what they stored. */
  dispose(): Promise<void>;
}

/** The documents of the contract's tests. */
export interface Thing extends StoredDocument {
  readonly user_id: number | null;
  readonly status: string | null;
  readonly created_at: string | null;
  readonly extra?: unknown;
}

export const THINGS: CollectionDefinition = {
  name: "things_v1",
  indexes: [["user_id", "created_at"], ["status", "created_at"], ["created_at"], ["user_id", "status"]],
};

export const CHECKPOINT = "things@1";

/** The checkpoint of the things at the position of this number, or of this name, which has looked a little further. */
export function checkpointAt(at: number | bigint, name = CHECKPOINT): Checkpoint {
  return { name, position: positionOf(at), eventId: `event-${at}`, searchedTo: positionOf(BigInt(at) + 3n) };
}

export const OLDEST_FIRST = { field: "created_at", direction: "ascending" } as const;
export const NEWEST_FIRST = { field: "created_at", direction: "descending" } as const;

/** A document with this id, at the position of this number. */
export function thing(id: string, at: number, fields: Partial<Omit<Thing, "_id" | "position">> = {}): Thing {
  return { _id: id, position: positionOf(at), user_id: 1, status: "PENDING", created_at: "2026-01-01", ...fields };
}

export function insert(next: Thing): GuardedWrite {
  return { id: next._id, expected: null, next };
}

/** Inserts the documents without a checkpoint and expects every guard to hold. */
export async function put(store: DocumentStore, ...documents: readonly Thing[]): Promise<void> {
  expect(await store.write(THINGS, documents.map(insert), null)).toEqual([]);
}

/** The ids of what a query finds, the oldest first unless it says otherwise. */
export async function findIds(store: DocumentStore, query: Partial<DocumentQuery>): Promise<string[]> {
  return ids(await store.find<Thing>(THINGS, { order: OLDEST_FIRST, limit: 100, ...query }));
}

export function ids(documents: readonly StoredDocument[]): string[] {
  return documents.map(({ _id }) => _id);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The order of databases: by UTF-8 bytes. */
export function byBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** The model: what `find` means, said with an array. */
export function plainFind(documents: readonly Thing[], query: DocumentQuery): Thing[] {
  const valueOf = (document: Thing, field: string): Scalar | null =>
    (document as unknown as Record<string, Scalar | null>)[field] ?? null;
  const compare = (left: Scalar, right: Scalar): number =>
    typeof left === "number" && typeof right === "number" ? left - right : byBytes(String(left), String(right));
  const { equals = {}, range, order, after, limit } = query;
  const sign = order.direction === "ascending" ? 1 : -1;
  const compareKeys = (left: { value: Scalar; id: string }, right: { value: Scalar; id: string }): number =>
    sign * (compare(left.value, right.value) || byBytes(left.id, right.id));
  return documents
    .filter((document) => Object.entries(equals).every(([field, value]) => valueOf(document, field) === value))
    .filter((document) => {
      if (range === undefined) return true;
      const value = valueOf(document, range.field);
      if (value === null) return false;
      const { from = value, to } = range;
      return compare(value, from) >= 0 && (to === undefined || compare(value, to) < 0);
    })
    .flatMap((document) => {
      const value = valueOf(document, order.field);
      return value === null ? [] : [{ document, value, id: document._id }];
    })
    .filter((key) => after === undefined || compareKeys(key, after) > 0)
    .sort(compareKeys)
    .slice(0, limit)
    .map(({ document }) => document);
}
