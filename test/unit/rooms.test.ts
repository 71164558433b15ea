import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
/** More than this many files of a folder are too many to find one at a glance. */
const MAX_FILES = 15;
/** A file with more lines than this has more than one idea. */
const MAX_LINES = 200;
/** What the unit tests of no file of `src` are about: the fixtures, and the files beside `src`. */
const NOT_OF_SRC = /^(fixtures\/|deployment\/|architecture\.|rooms\.|docs\/)/;

/** The files below a folder of the repository, by their paths below it. */
function filesBelow(folder: string): string[] {
  const path = join(ROOT, folder);
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)));
}

/** Those of the elements that come more than once. */
function repeated(elements: readonly string[]): string[] {
  return elements.filter((element, index) => elements.indexOf(element) !== index);
}

/** The name of the file that a test is of, or a longer one: `a-b-c`, `a-b` and `a` for `a-b-c.property.test.ts`. */
function namesTried(test: string): string[] {
  const words = basename(test).replace(/\..*/, "").split("-");
  return words.map((_, index) => words.slice(0, index + 1).join("-"));
}

describe("the rooms of the program", () => {
  it.each(["src/projections", "src/http"])("have few files each in %s", (folder) => {
    const folders = filesBelow(folder).map((file) => dirname(file));
    const crowded = new Set(folders.filter((one) => folders.filter((other) => other === one).length > MAX_FILES));
    expect([...crowded]).toEqual([]);
  });

  it("have no file that is longer than one idea", () => {
    const linesOf = (file: string): number =>
      readFileSync(join(ROOT, "src", file), "utf8")
        .trimEnd()
        .split("\n").length;
    const long = filesBelow("src").filter((file) => file.endsWith(".ts") && linesOf(file) > MAX_LINES);
    expect(long).toEqual([]);
  });

  it("have one decider in the file of a command, named after it, of a command and a state", async () => {
    const files = readdirSync(join(ROOT, "src/commands")).filter((file) => file.endsWith(".ts"));
    const deciders: string[] = [];
    for (const file of files) {
      const exported = (await import(join(ROOT, "src/commands", file))) as Readonly<Record<string, unknown>>;
      for (const [name, value] of Object.entries(exported)) {
        if (/^decide[A-Z]/.test(name) && typeof value === "function") deciders.push(`${file}: ${name}/${value.length}`);
      }
    }
    const named = files.map((file) => {
      const words = file.replace(".ts", "").split("-");
      return `${file}: decide${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}/2`;
    });
    expect(deciders).toEqual(named.filter((name) => !name.startsWith("retry-policy.ts")));
  });

  it("give every file a name that no other file has", () => {
    expect(repeated(filesBelow("src").map((file) => basename(file)))).toEqual([]);
  });

  it("are those of the unit tests too: a test stands where its file does, and begins with its name", () => {
    const tests = filesBelow("test/unit").filter((file) => file.endsWith(".test.ts") && !NOT_OF_SRC.test(file));
    const strays = tests.filter(
      (test) => !namesTried(test).some((name) => existsSync(join(ROOT, "src", dirname(test), `${name}.ts`))),
    );
    expect(strays).toEqual([]);
  });
});
