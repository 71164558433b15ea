import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise } from "dependency-cruiser";
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** For every rule of .dependency-cruiser.cjs: files that it has to refuse, with what each of them imports, if anything. */
const FORBIDDEN: Readonly<Record<string, readonly (readonly [file: string, imported: string | null])[]>> = {
  "layer-net": [["src/net/knows-secrets.ts", "../secrets/target.ts"]],
  "layer-secrets": [["src/secrets/knows-config.ts", "../config.ts"]],
  "layer-observability": [["src/observability/knows-events.ts", "../events/target.ts"]],
  "layer-runtime": [["src/runtime/knows-net.ts", "../net/target.ts"]],
  "layer-events": [
    ["src/events/knows-commands.ts", "../commands/target.ts"],
    ["src/events/store/memory/knows-metrics.ts", "../../../observability/metrics.ts"],
  ],
  "layer-commands": [
    ["src/commands/handling/knows-projections.ts", "../../projections/target.ts"],
    ["src/commands/knows-time.ts", "../runtime/clock.ts"],
  ],
  "layer-projections": [
    ["src/projections/knows-commands.ts", "../commands/target.ts"],
    ["src/projections/store/sqlite/knows-config.ts", "../../../config.ts"],
  ],
  "layer-processes": [
    ["src/processes/knows-http.ts", "../http/target.ts"],
    ["src/processes/sending/knows-config.ts", "../../config.ts"],
  ],
  "layer-http": [["src/http/dispatch/knows-container.ts", "../../container.ts"]],
  "layer-cli": [["src/cli/knows-http.ts", "../http/target.ts"]],
  "configuration-needs-little": [["src/config.ts", "./processes/target.ts"]],
  "main-only-reads-the-command-line": [["src/main.ts", "./config.ts"]],
  "only-main-knows-the-commands": [["src/gateway.ts", "./cli/target.ts"]],
  "transfers-are-given-their-streams": [["src/processes/transfer/reads-files.ts", "node:fs"]],
  "secrets-are-given": [
    ["src/http/access/makes-secrets.ts", "../../secrets/secrets.ts"],
    ["src/processes/sending/makes-secrets.ts", "../../secrets/secrets.ts"],
  ],
  "events-know-no-time": [
    ["src/events/store/knows-time.ts", "../../runtime/clock.ts"],
    ["src/events/store/append/knows-time.ts", "../../../runtime/clock.ts"],
  ],
  "folds-know-no-time": [
    ["src/projections/knows-time.ts", "../runtime/clock.ts"],
    ["src/projections/audit-tree/knows-time.ts", "../../runtime/clock.ts"],
  ],
  "ports-hide-their-adapters": [
    ["src/projections/knows-sqlite.ts", "./store/sqlite/target.ts"],
    ["src/http/knows-the-log.ts", "../events/store/sqlite/target.ts"],
    ["src/version.ts", "./events/store/memory/target.ts"],
    ["src/cli/knows-the-log.ts", "../events/store/sqlite/writing/target.ts"],
    ["src/processes/transfer/knows-the-log.ts", "../../events/store/append/target.ts"],
  ],
  "adapters-do-not-know-each-other": [
    ["src/projections/store/sqlite/knows-the-log.ts", "../../../events/store/sqlite/target.ts"],
    ["src/events/store/memory/knows-sqlite.ts", "../sqlite/target.ts"],
    ["src/events/store/sqlite/knows-memory.ts", "../memory/target.ts"],
    ["src/events/store/append/knows-memory.ts", "../memory/target.ts"],
  ],
  "only-its-adapter-imports-node-sqlite": [["src/storage.ts", "node:sqlite"]],
  "only-its-adapter-imports-mongodb": [["src/projections/store/sqlite/uses-mongodb.ts", "mongodb"]],
  "only-its-adapter-imports-eventstoredb": [["src/events/store/sqlite/uses-client.ts", "@eventstore/db-client"]],
  "only-its-adapter-imports-protobufjs": [["src/events/store/sqlite/wire.ts", "protobufjs"]],
  "only-its-adapter-imports-undici": [["src/processes/delivering/sends.ts", "undici"]],
  "only-its-adapter-imports-fastify": [["src/net/speaks-http.ts", "fastify"]],
  "only-its-adapter-imports-commander": [["src/http/reads-arguments.ts", "commander"]],
  "only-its-adapter-imports-lru-cache": [["src/processes/sending/signing/remembers.ts", "lru-cache"]],
  "only-its-adapter-imports-prom-client": [["src/http/server/counts.ts", "prom-client"]],
  "only-its-adapter-imports-tsyringe": [
    ["src/http/locates-services.ts", "tsyringe"],
    ["src/processes/sending/locates-services.ts", "tsyringe"],
  ],
  "pure-files-do-no-io": [
    ["src/events/reads-files.ts", "node:fs"],
    ["src/events/store/connects.ts", "node:net"],
    ["src/events/store/append/waits.ts", "node:timers/promises"],
    ["src/commands/waits.ts", "node:timers/promises"],
    ["src/commands/uniqueness/reads-files.ts", "node:fs"],
    ["src/projections/starts-threads.ts", "node:worker_threads"],
    ["src/projections/running/reads-files.ts", "node:fs"],
    ["src/projections/store/reads-files.ts", "node:fs"],
  ],
  "pure-files-need-few-packages": [["src/commands/handling/logs.ts", "pino"]],
  "no-cycles": [
    ["src/processes/chicken.ts", "./egg.ts"],
    ["src/processes/hen.ts", "./rooster.ts"],
  ],
  "no-orphans": [["src/lonely.ts", null]],
  "src-stands-alone": [["src/container.ts", "../test/target.ts"]],
  "no-dev-dependencies": [["src/observability/health.ts", "fast-check"]],
  "no-unresolvable-imports": [["src/processes/dreams.ts", "./nowhere.ts"]],
};

/** What the files above need around them. */
const OTHER_FILES: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    dependencies: {
      "@eventstore/db-client": "1",
      commander: "1",
      fastify: "1",
      "lru-cache": "1",
      mongodb: "1",
      pino: "1",
      "prom-client": "1",
      protobufjs: "1",
      tsyringe: "1",
      undici: "1",
    },
    devDependencies: { "fast-check": "1" },
  }),
  "src/processes/egg.ts": 'import { value } from "./chicken.ts";\nexport const egg = value;\n',
  "src/processes/rooster.ts": 'import type { value } from "./hen.ts";\nexport type Rooster = typeof value;\n',
  ...Object.fromEntries(
    [
      "@eventstore/db-client",
      "commander",
      "fastify",
      "lru-cache",
      "mongodb",
      "pino",
      "prom-client",
      "protobufjs",
      "tsyringe",
      "undici",
      "fast-check",
    ].flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", main: "index.js" })],
      [`node_modules/${name}/index.js`, "module.exports = { value: 1 };\n"],
    ]),
  ),
};

/** What looks like the files above and is right. */
const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  [
    "src/http/knows-types-of-secrets.ts",
    'import type { value } from "../secrets/secrets.ts";\nexport type T = typeof value;\n',
  ],
  ["src/events/store/sqlite/uses-driver.ts", 'import { value } from "node:sqlite";\nexport const mine = value;\n'],
  [
    "src/events/store/sqlite/writing/decides.ts",
    'import { value } from "../../append/target.ts";\nexport const mine = value;\n',
  ],
  [
    "src/events/store/sqlite/waits.ts",
    'import { value } from "../../../runtime/clock.ts";\nexport const mine = value;\n',
  ],
  [
    "src/projections/running/knows-time.ts",
    'import { value } from "../../runtime/clock.ts";\nexport const mine = value;\n',
  ],
  ["src/cli/log-access.ts", 'import { value } from "../events/store/sqlite/target.ts";\nexport const mine = value;\n'],
  ["src/processes/sending/sends.ts", 'import { value } from "undici";\nexport const mine = value;\n'],
];

const fixture = mkdtempSync(join(tmpdir(), "architecture-"));
afterAll(() => rmSync(fixture, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(fixture, file)), { recursive: true });
  writeFileSync(join(fixture, file), text);
}

function writeFixture(): void {
  const imports = Object.values(FORBIDDEN).flat();
  for (const [file, imported] of imports) {
    // The targets come first: some of them are files of this list themselves, and must not be left empty.
    if (imported?.startsWith(".") && imported !== "./nowhere.ts") {
      write(join(dirname(file), imported), "export const value = 1;\n");
    }
  }
  for (const [file, imported] of imports) {
    const text = imported === null ? "export {};\n" : `import { value } from "${imported}";\nexport { value };\n`;
    write(file, text);
  }
  for (const [file, text] of [...Object.entries(OTHER_FILES), ...ALLOWED]) write(file, text);
}

const options = await extractDepcruiseOptions(join(ROOT, ".dependency-cruiser.cjs"));

/** The violations in the sources of a folder, as `rule: file` in alphabetical order, with the rules of this repository. */
async function violationsIn(folder: string): Promise<string[]> {
  const tsConfig = extractTSConfig(join(ROOT, "tsconfig.json"));
  const { output } = await cruise(["src"], { ...options, validate: true, baseDir: folder }, {}, { tsConfig });
  if (typeof output === "string") throw new Error(output);
  if (output.summary.totalCruised === 0) throw new Error(`there is nothing to judge in ${folder}`);
  return output.summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`).sort();
}

describe("the import rules", () => {
  it("are kept by every file of the program", async () => {
    expect(await violationsIn(ROOT)).toEqual([]);
  });

  it("refuse each forbidden import, and let its lawful neighbours pass", async () => {
    writeFixture();
    const expected = Object.entries(FORBIDDEN).flatMap(([rule, files]) => files.map(([file]) => `${rule}: ${file}`));
    expect(await violationsIn(fixture)).toEqual(expected.sort());
  });

  it("are each tried by an import that they refuse", () => {
    const rules = options.ruleSet?.forbidden?.map(({ name }) => name);
    expect(rules?.sort()).toEqual(Object.keys(FORBIDDEN).sort());
  });
});
