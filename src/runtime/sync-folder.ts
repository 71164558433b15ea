import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes the names of new files in this folder survive a power cut. Windows cannot sync a folder. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
