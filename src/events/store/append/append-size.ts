import type { EventToAppend } from "../event-store.ts";

/**
 * The bytes that an event adds to its append: data and metadata as JSON in UTF-8, plus two per UTF-16 unit of its type.
 * EventStoreDB 24.10 counts this way; older versions never count more.
 *
 * @throws TypeError when data or metadata cannot be JSON (a cycle, a BigInt)
 */
export function appendBytes({ type, data, metadata }: Pick<EventToAppend, "type" | "data" | "metadata">): number {
  return writtenBytes(type, JSON.stringify(data), JSON.stringify(metadata));
}

/** Like `appendBytes`, for data and metadata that are already JSON text. */
export function writtenBytes(type: string, data: string, metadata: string): number {
  return 2 * type.length + Buffer.byteLength(data) + Buffer.byteLength(metadata);
}
