import { open } from "node:fs/promises";

/** Sees to it that a name which a file got in this folder outlives a power cut as well. Windows cannot sync a folder. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  await folder.sync();
  await folder.close();
}
