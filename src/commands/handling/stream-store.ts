import type { EventStore } from "../../events/store/event-store.ts";

/** What a command needs of the log: to read streams and to append to them. */
export type StreamStore = Pick<EventStore, "append" | "read">;
