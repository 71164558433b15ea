import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "dist.building-";

/** The name of the folder that the build of this process id writes into. It is beside `dist/`: a rename works, and source maps fit. */
export function stagingName(pid: number): string {
  return `${PREFIX}${String(pid)}`;
}

/** Whether a process with this id runs on this machine. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes the folders in `root` of builds that were killed, and what an earlier process with this one's id left. */
export function removeAbandoned(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(PREFIX)) continue;
    const pid = Number(name.slice(PREFIX.length));
    if (pid === process.pid || !isRunning(pid)) rmSync(join(root, name), { recursive: true, force: true });
  }
}
