import type { Use } from "./check-rights.ts";
import type { OpeningOptions } from "./open-server.ts";

/** Where the log is on EventStoreDB, and the callbacks for its state. */
export interface EventStoreDbOptions extends OpeningOptions {
  /** `esdb://…` or `esdb+discover://…`. */
  readonly url: string;
  /** The prefix of the log's stream names on the server: 1 to 64 letters, digits, `_` and `.`. */
  readonly prefix: string;
  /** The use for which the user's rights are checked. Default: no check. */
  readonly use?: Use;
  /** Called once when the log was replaced by another one: it accepts no append until a restart. */
  readonly onFault?: (error: Error) => void;
  /** Called when the server cannot be reached, with the reason, and when it can be reached again. */
  readonly onConnection?: (state: { readonly connected: boolean; readonly reason?: string }) => void;
  /** How long an append or a read may take, with all its tries, in ms. Default 4,000. */
  readonly deadlineMs?: number;
}
