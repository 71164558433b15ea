import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** The files at or below a path, by their paths below `root`; none when nothing is there. */
function filesAt(root: string, path: string): string[] {
  const start = join(root, path);
  const found = statSync(start, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [relative(root, start)];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/**
 * The SHA-256 (hex) of the names and contents of the files at or below `paths` in the folder `root`, except those named in
 * `ignored`. A path where nothing is adds nothing.
 *
 * @throws when a file cannot be read.
 */
export function digestOfFiles(root: string, paths: readonly string[], ignored: readonly string[] = []): string {
  const hash = createHash("sha256");
  const files = paths.flatMap((path) => filesAt(root, path)).filter((file) => !ignored.includes(file));
  for (const file of files.sort()) {
    const content = readFileSync(join(root, file));
    // The length separates a content from the next name.
    hash.update(`${file}\0${String(content.length)}\0`).update(content);
  }
  return hash.digest("hex");
}
