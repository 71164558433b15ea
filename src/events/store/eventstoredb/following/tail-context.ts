import type { Position } from "../../position.ts";
import type { EventReader } from "../reading/read-events.ts";
import type { ServerCalls } from "../server-calls.ts";
import type { StreamNames } from "../stream-names.ts";
import type { FollowerConnection } from "./connection-state.ts";

/** What the tail needs from its store. */
export interface TailContext {
  readonly calls: Pick<ServerCalls, "read">;
  readonly names: StreamNames;
  readonly reader: Pick<EventReader, "end" | "at" | "firstAfter">;
  /** How long the subscription may bring nothing that is due, in ms. */
  readonly stalledMs: number;
  /** Aborts when the store closes. */
  readonly closing: AbortSignal;
  /** The furthest place that any caller was given as the log's end, and may now wait for. */
  known(): Position | null;
  readonly connection: FollowerConnection;
}
