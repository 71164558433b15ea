import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "./with-folder.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/**
 * Checks out and builds an earlier revision of this repository in a new folder, with today's dependencies, and gives the
 * folder to `use`. Throws when git knows no such revision, or when it does not build.
 */
export async function withEarlierRevision(revision: string, use: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const tree = join(folder, "tree");
    const git = (...args: readonly string[]): void => {
      execFileSync("git", args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
    };
    git("worktree", "add", "--detach", tree, revision);
    try {
      symlinkSync(join(ROOT, "node_modules"), join(tree, "node_modules"));
      execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], {
        cwd: tree,
        stdio: "inherit",
      });
      await use(tree);
    } finally {
      rmSync(tree, { recursive: true, force: true });
      git("worktree", "prune");
    }
  });
}
