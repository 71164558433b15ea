import type { Position } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import type { FollowerConnection } from "./connection-state.ts";

/** What the shared end of the log needs of its store. */
export interface TailContext {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "end" | "at" | "firstBehind">;
  /** For how long the subscription may bring nothing of what is due, in ms. */
  readonly stalledMs: number;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  /** The furthest place that was given to a caller as the log's end, and that it so may be waiting for. */
  known(): Position | null;
  readonly connection: FollowerConnection;
}
