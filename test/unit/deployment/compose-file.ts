import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(import.meta.dirname, "../../..");

/** The part of a compose file's service that the tests look at. */
export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The text of a file at the top of the project. */
export function projectFile(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A compose file as it is written: aliases are resolved, variables are not put in. */
export function readComposeFile(path: string): ComposeFile {
  return parse(projectFile(path), { merge: true }) as ComposeFile;
}

/** The names of the variables that a text takes from the environment, and of those that it refuses to be without. */
export function variablesOf(text: string): { used: Set<string>; required: Set<string> } {
  const found = [...text.matchAll(/(?<!\$)\$\{(\w+)(:\?)?/g)];
  return {
    used: new Set(found.map(([, name]) => name!)),
    required: new Set(found.filter(([, , must]) => must !== undefined).map(([, name]) => name!)),
  };
}

/** A value with its variables put in, as compose does it. */
export function withVariables(value: string, variables: Readonly<Record<string, string>>): string {
  const variable = /(?<!\$)\$\{(\w+)(?:(:?)[-?]([^}]*))?\}/g;
  return value.replaceAll(variable, (_, name: string, colon = "", otherwise = "") => {
    const given = variables[name];
    return given === undefined || (given === "" && colon === ":") ? String(otherwise) : given;
  });
}

/** A mount of `volumes` in its parts. */
export function mountOf(volume: string): { source: string; target: string; readOnly: boolean } {
  const [source = "", target = "", mode] = volume.split(":");
  return { source, target, readOnly: mode === "ro" };
}
