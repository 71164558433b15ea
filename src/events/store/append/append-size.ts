import type { EventToAppend } from "../event-store.ts";

/**
 * How many bytes an event adds to the size of its append: its data and metadata as JSON in UTF-8, and two for each UTF-16
 * unit of its type. EventStoreDB 24.10 counts so; older versions count less, and never more.
 *
 * @throws TypeError when data or metadata cannot be JSON (a cycle, a BigInt)
 */
export function appendBytes({ type, data, metadata }: Pick<EventToAppend, "type" | "data" | "metadata">): number {
  return writtenBytes(type, JSON.stringify(data), JSON.stringify(metadata));
}

/** The same as `appendBytes` for data and metadata that are JSON text already. */
export function writtenBytes(type: string, data: string, metadata: string): number {
  return 2 * type.length + Buffer.byteLength(data) + Buffer.byteLength(metadata);
}
