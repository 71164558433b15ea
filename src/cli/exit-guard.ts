import { spawn } from "node:child_process";

/** How long the threads of a process get to end with it, in ms. */
const PATIENCE_MS = 500;

/**
 * Has this process end, by SIGKILL, when it still exists half a second from now. Call it when the process exits: Node
 * waits then for all of its threads, and a write to a disk that no longer answers never returns. Another process has to
 * do it, since nothing runs in this one any more. It kills nobody once it has another parent, so never a later process
 * with the same number.
 */
export function guardExit(): void {
  const { pid, execPath } = process;
  const script = `setTimeout(() => process.ppid === ${pid} && process.kill(${pid}, "SIGKILL"), ${PATIENCE_MS})`;
  const guard = spawn(execPath, ["-e", script], { detached: true, stdio: "ignore", env: {} });
  guard.on("error", () => undefined).unref();
}
