import { UNPREFIXED_LOG } from "../storage/open-log.ts";
import type { LogReports } from "../storage/storage.ts";

/**
 * The log's troubles, for a command that works on it.
 *
 * @param warn is called with one line for each
 */
export function logReportsTo(warn: (line: string) => void): LogReports {
  return {
    fault: (error) => warn(`the event log takes no events any more: ${error.message}`),
    connection: (connected, reason) =>
      warn(connected ? "the event log's server answers" : `the event log's server cannot be reached: ${reason ?? ""}`),
    waiting: (reason, seconds) => warn(`waiting for the event log's server for ${seconds} s: ${reason}`),
    unprefixedLog: () => warn(`the log is empty: ${UNPREFIXED_LOG}`),
  };
}
