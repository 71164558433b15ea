import type { Use } from "./check-rights.ts";
import type { OpeningOptions } from "./open-server.ts";

/** Where the log is on EventStoreDB, and who is told what about it. */
export interface EventStoreDbOptions extends OpeningOptions {
  /** `esdb://…` or `esdb+discover://…`. */
  readonly url: string;
  /** What the name of each of the log's streams begins with on the server: 1 to 64 letters, digits, `_` and `.`. */
  readonly prefix: string;
  /** For what the rights of the user are looked at. Default: they are not. */
  readonly use?: Use;
  /** Called once when the log was found to be another one: it takes no append any more until a restart. */
  readonly onFault?: (error: Error) => void;
  /** Called when the server cannot be reached, with the reason, and when it can again. */
  readonly onConnection?: (state: { readonly connected: boolean; readonly reason?: string }) => void;
  /** How long an append or a read may last in all, in ms. Default 4,000. */
  readonly deadlineMs?: number;
}
