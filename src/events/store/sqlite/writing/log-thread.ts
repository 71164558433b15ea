import { parentPort, workerData } from "node:worker_threads";
import { DataDirectoryInUse } from "../files/data-directory-errors.ts";
import type { LogPurpose } from "../files/log-file.ts";
import { announceCommit } from "../log-signal.ts";
import type { LogSignal } from "../log-signal.ts";
import { describeError } from "../../../../runtime/sqlite-error.ts";
import type { AppendGroup, GroupOutcome } from "./append-group.ts";
import { SqliteLog } from "./sqlite-log.ts";

/** The data that the writer's thread is started with. */
export interface LogThreadData {
  readonly directory: string;
  readonly signal: LogSignal;
  readonly purpose: LogPurpose;
  readonly lockId: string | null;
}

/** The messages to the writer's thread. */
export type LogThreadRequest =
  | { readonly kind: "append"; readonly group: AppendGroup }
  | { readonly kind: "mark"; readonly unfinished: boolean }
  | { readonly kind: "close" };

/** The messages from the writer's thread. */
export type LogThreadMessage =
  | { readonly kind: "ready" }
  /** It could not open the log, and ends. */
  | { readonly kind: "unusable"; readonly message: string }
  /** Another process has the log open, and the thread ends. */
  | { readonly kind: "in_use" }
  /** The answer to a group; exactly one for each. */
  | { readonly kind: "outcome"; readonly outcome: GroupOutcome }
  /** The answer to a mark: why it could not be made, or null. */
  | { readonly kind: "marked"; readonly reason: string | null }
  /** The disk failed outside an append: nothing more is appended. */
  | { readonly kind: "fault"; readonly reason: string };

/** Opens the log, then commits one group after the other until it is closed. */
function run(port: NonNullable<typeof parentPort>, { directory, signal, purpose, lockId }: LogThreadData): void {
  const post = (message: LogThreadMessage): void => port.postMessage(message);
  let log: SqliteLog;
  try {
    log = new SqliteLog(directory, { now: () => Date.now(), purpose, lockId });
  } catch (error) {
    post(
      error instanceof DataDirectoryInUse ? { kind: "in_use" } : { kind: "unusable", message: describeError(error) },
    );
    return;
  }
  port.on("message", (request: LogThreadRequest) => {
    if (request.kind === "close") {
      log.close();
      port.close();
      return;
    }
    if (request.kind === "mark") {
      post({ kind: "marked", reason: log.markImport(request.unfinished) });
      return;
    }
    const outcome = log.appendGroup(request.group);
    if (outcome.kind === "committed") announceCommit(signal);
    post({ kind: "outcome", outcome });
    const reason = log.checkpointWhenDue();
    if (reason !== null) post({ kind: "fault", reason });
  });
  post({ kind: "ready" });
}

if (parentPort === null) throw new Error("log-thread runs in a worker thread only");
run(parentPort, workerData as LogThreadData);
