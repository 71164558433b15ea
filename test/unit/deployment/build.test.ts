import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ensureBuilt } from "../../../scripts/build/ensure-built.ts";
import { revisionOf, writeRevision } from "../../../scripts/build/revision.ts";
import { stagingName } from "../../../scripts/build/staging.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "build-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  write("src/main.ts", "main 1");
  write("src/cli/run.ts", "run 1");
  write("tsconfig.json", "{}");
  write("node_modules/.package-lock.json", "compiler 1");
});

/** Writes a file of the sample project, dated long ago: times must not matter. */
function write(path: string, content: string): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, 0, 0);
}

/** The contents of `dist/` by path, without the stamp. */
function dist(): Record<string, string> {
  const files = readdirSync(join(root, "dist"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.endsWith(".built.json"));
  return Object.fromEntries(paths.sort().map((path) => [path.slice(root.length + 1), readFileSync(path, "utf8")]));
}

/** Stands for the compiler: the output of a source is its content. */
function compile(outDir: string): true {
  for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const output = join(outDir, source.slice(join(root, "src").length).replace(/\.ts$/, ".js"));
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, readFileSync(source));
  }
  return true;
}

const build = (): string => ensureBuilt(root, compile);

describe("the build", () => {
  it("compiles once, and not again while nothing changes", () => {
    expect(build()).toBe("built");
    expect(dist()).toEqual({ "dist/cli/run.js": "run 1", "dist/main.js": "main 1" });
    expect(build()).toBe("up to date");
  });

  it("sees a checkout of another revision and back, whatever the times of its files", () => {
    build();
    write("src/main.ts", "main 2");
    expect(build()).toBe("built");
    expect(dist()["dist/main.js"]).toBe("main 2");
    write("src/main.ts", "main 1");
    expect(build()).toBe("built");
    expect(dist()["dist/main.js"]).toBe("main 1");
  });

  it.each([
    ["a new source", "src/new.ts"],
    ["another option", "tsconfig.json"],
    ["another installed compiler", "node_modules/.package-lock.json"],
    ["another way to build", "scripts/build.ts"],
  ])("compiles again for %s", (_, path) => {
    build();
    write(path, "changed");
    expect(build()).toBe("built");
    expect(build()).toBe("up to date");
  });

  it("keeps no output of a source that was removed or moved", () => {
    build();
    rmSync(join(root, "src/cli"), { recursive: true });
    write("src/running/run.ts", "run 1");
    expect(build()).toBe("built");
    expect(dist()).toEqual({ "dist/main.js": "main 1", "dist/running/run.js": "run 1" });
  });

  it("restores what was removed from, changed in or added to its output", () => {
    build();
    const complete = dist();
    for (const damage of [
      () => rmSync(join(root, "dist"), { recursive: true }),
      () => rmSync(join(root, "dist/main.js")),
      () => rmSync(join(root, "dist/.built.json")),
      () => write("dist/.built.json", "null"),
      () => write("dist/cli/run.js", "edited"),
      () => write("dist/old.js", "of another program"),
    ]) {
      damage();
      expect(build()).toBe("built");
      expect(dist()).toEqual(complete);
    }
  });

  it("leaves the earlier output when the compiler fails, and tries again the next time", () => {
    build();
    const earlier = dist();
    write("src/main.ts", "no program");
    const fail = (outDir: string): boolean => !compile(outDir);
    expect(ensureBuilt(root, fail)).toBe("failed");
    expect(ensureBuilt(root, fail)).toBe("failed");
    expect(dist()).toEqual(earlier);
    expect(readdirSync(root).filter((name) => name.startsWith("dist"))).toEqual(["dist"]);
    expect(build()).toBe("built");
  });

  it("compiles again when a source changes while the compiler runs", () => {
    const outcome = ensureBuilt(root, (outDir) => {
      compile(outDir);
      write("src/main.ts", "main 2");
      return true;
    });
    expect(outcome).toBe("built");
    expect(build()).toBe("built");
    expect(dist()["dist/main.js"]).toBe("main 2");
  });

  it("removes what a killed build left, and leaves alone what another build is writing", () => {
    const ended = spawnSync(process.execPath, ["--version"]).pid;
    write(join(stagingName(ended), "main.js"), "half");
    write(join(stagingName(process.pid), "main.js"), "half");
    write(join(stagingName(process.ppid), "main.js"), "half");
    expect(build()).toBe("built");
    expect(dist()).toEqual({ "dist/cli/run.js": "run 1", "dist/main.js": "main 1" });
    expect(existsSync(join(root, stagingName(ended)))).toBe(false);
    expect(existsSync(join(root, stagingName(process.ppid)))).toBe(true);
  });

  it("ends well when another build puts the same in place at the same time", () => {
    const outcome = ensureBuilt(root, (outDir) => {
      compile(outDir);
      return compile(join(root, "dist"));
    });
    expect(outcome).toBe("built");
    expect(build()).toBe("up to date");
  });
});

describe("the revision of a build", () => {
  it("is the commit, which a build that is up to date still writes", () => {
    const git = (...args: string[]): string => {
      const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
      const { stdout, status } = spawnSync("git", ["-C", root, ...identity, ...args], { encoding: "utf8" });
      expect(status).toBe(0);
      return stdout.trim();
    };
    expect(revisionOf(root, undefined)).toBe("unknown");
    git("init", "--quiet");
    expect(revisionOf(root, undefined)).toBe("unknown");
    git("add", "src");
    git("commit", "--quiet", "--message", "one");
    const commit = git("rev-parse", "HEAD");
    expect(revisionOf(root, undefined)).toBe(commit);
    expect(revisionOf(join(root, "src"), "")).toBe("unknown");
    expect(revisionOf(root, "v1.2.3")).toBe("v1.2.3");
    expect(build()).toBe("built");
    writeRevision(join(root, "dist"), commit);
    expect(build()).toBe("up to date");
    expect(dist()["dist/revision.txt"]).toBe(`${commit}\n`);
    // Another length: git takes a file of the same size and times, changed within a second, for unchanged.
    write("src/main.ts", "main 2, changed");
    expect(revisionOf(root, undefined)).toBe(`${commit}-dirty`);
  });
});
