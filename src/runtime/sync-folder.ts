import { closeSync, fsyncSync, openSync } from "node:fs";

/** Sees to it that a name which a file got in this folder outlives a power cut as well. Windows cannot sync a folder. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
