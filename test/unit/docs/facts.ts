import { readFileSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { SETTINGS } from "../../../src/config.ts";

/** A route: its method, and its path as the code writes it, such as `/v1/deliveries/:id`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** What there is for a page to name. */
export interface Facts {
  /** From the root, with `/`; folders end with one. */
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
  /** What `npm run` knows. */
  readonly scripts: ReadonlySet<string>;
  /** Environment variables that something here reads. */
  readonly variables: ReadonlySet<string>;
  readonly routes: readonly Route[];
  readonly metrics: ReadonlySet<string>;
  /** What the product exports by name, the types of its events among it. */
  readonly names: ReadonlySet<string>;
}

const ROOT = join(import.meta.dirname, "../../..");
/** What is made here and not kept, and what is not ours. */
const LEFT_OUT = new Set([".git", "node_modules", "dist", "coverage", "data"]);
/** Variables of other programs, and of the examples. */
const OTHERS_VARIABLES = ["HTTP_PROXY", "NODE_EXTRA_CA_CERTS", "NO_COLOR", "WEBHOOK_SECRET"];

/** The text of a file. Throws when there is none. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Every file and folder of the repository, from its root. */
export function allFiles(): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      if (folder === "" && LEFT_OUT.has(entry.name)) continue;
      const path = join(folder, entry.name).replaceAll(sep, "/");
      if (!entry.isDirectory()) found.push(path);
      else {
        found.push(`${path}/`);
        walk(path);
      }
    }
  };
  walk("");
  return found;
}

/** Gathers what there is, from the text of the repository itself. */
export function gatherFacts(): Facts {
  const files = allFiles();
  const read = (pattern: RegExp): string =>
    files
      .filter((path) => pattern.test(path))
      .map(textOf)
      .join("\n");
  const src = read(/^src\/.*\.ts$/);
  const { scripts, dependencies, devDependencies } = JSON.parse(textOf("package.json")) as Record<string, object>;
  return {
    files: new Set(files),
    packages: new Set(Object.keys({ ...dependencies, ...devDependencies })),
    scripts: new Set(Object.keys(scripts ?? {})),
    variables: new Set([
      ...OTHERS_VARIABLES,
      ...SETTINGS.map(({ variable }) => variable),
      ...all(read(/^(src|test|bench|scripts)\/.*\.ts$/), /process\.env(?:\.|\[")([A-Z0-9_]+)/g),
      ...all(textOf(".env.example"), /^([A-Z0-9_]+)=/gm),
    ]),
    routes: [...src.matchAll(/\bapp\.(get|post|put|patch|delete)(?:<\w+>)?\(\s*"(\/[^"]*)"/g)].map(
      ([, method = "", path = ""]) => ({ method: method.toUpperCase(), path }),
    ),
    metrics: new Set(all(src, /"(webhook_[a-z_]+)"/g).filter((name) => name !== "webhook_gateway")),
    names: new Set(all(src, /^export (?:abstract )?(?:class|interface|type|const|function) (\w+)/gm)),
  };
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}
