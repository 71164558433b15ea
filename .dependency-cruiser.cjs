"use strict";
/* global module */

/**
 * The boundaries of the program. Each rule's comment is what somebody reads whose import was refused; CONTRIBUTING.md has
 * the whole of it. `test/unit/architecture.test.ts` shows that every rule here catches what it is for.
 */

/** Who puts the program together: the only files that know every adapter. */
const COMPOSITION = "^src/((main|gateway|container|cli/log-access)\\.ts$|(gateway|storage)/)";
/** The adapters, each in a folder beside the port that it serves, and what the log's adapters are all made with. */
const ADAPTERS = "^src/(events|projections)/store/[^/]+/";
/** What follows the log in time, and so needs a clock; every other part of projections/ folds and asks, and knows no time. */
const PROJECTION_RUNNERS = "^src/projections/(running|rebuilding|directory)/";
/** Files whose result depends on their arguments alone (eslint.config.js forbids their globals, such as Date.now). */
const PURE = [
  "^src/events/[^/]+\\.ts$",
  "^src/events/store/[^/]+\\.ts$",
  "^src/events/store/append/",
  "^src/commands/",
  "^src/projections/(?!store/.+/)",
];
/** The folders below all others: they know nothing of webhooks. */
const BELOW = "net|secrets|observability|runtime";

/** An installed package, or its name when it is not installed. */
const npmPackage = (name) => `(^|node_modules/)${name}(/|$)`;

/** Only `owners` may import the driver `path`. */
const driver = (name, path, owners) => ({
  name: `only-its-adapter-imports-${name}`,
  comment: `${name} is an adapter's own business: use the port that the adapter serves.`,
  severity: "error",
  from: { path: "^src/", pathNot: owners },
  to: { path },
});

/** The files of `folder` may import of ours only what `allowed` matches. */
const layer = (folder, allowed) => ({
  name: `layer-${folder}`,
  comment: `src/${folder}/ may not import this part of the program (see the import rule in CONTRIBUTING.md).`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: "^src/", pathNot: allowed },
});

module.exports = {
  forbidden: [
    layer("net", "^src/(net|runtime)/"),
    layer("secrets", "^src/(secrets|runtime)/"),
    layer("observability", "^src/(observability|runtime)/"),
    layer("runtime", "^src/runtime/"),
    layer("events", "^src/(events|runtime)/"),
    layer("commands", "^src/((events|commands)/|runtime/retrying\\.ts$)"),
    layer("projections", "^src/(events|projections|runtime)/"),
    layer("processes", `^src/(events|commands|projections|processes|${BELOW})/`),
    layer("http", `^src/(events|commands|projections|processes|http|${BELOW})/`),
    layer("cli", `^src/((events|commands|projections|processes|storage|cli|${BELOW})/|(config|gateway|version)\\.ts$)`),
    {
      name: "configuration-needs-little",
      comment: "Everything may read the configuration; so it imports only what lies below everything.",
      severity: "error",
      from: { path: "^src/config\\.ts$" },
      to: { path: "^src/", pathNot: "^src/(net|runtime)/" },
    },
    {
      name: "main-only-reads-the-command-line",
      comment: "A command is a file in src/cli/; main.ts hands it the arguments and prints what went wrong.",
      severity: "error",
      from: { path: "^src/main\\.ts$" },
      to: { path: "^src/", pathNot: "^src/cli/" },
    },
    {
      name: "only-main-knows-the-commands",
      comment: "The commands are how the program is spoken to in a shell; nothing in it needs them.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli/|main\\.ts$)" },
      to: { path: "^src/cli/" },
    },
    {
      name: "transfers-are-given-their-streams",
      comment: "An export or import works on any log and any bytes; which file it is, the command line knows.",
      severity: "error",
      from: { path: "^src/processes/transfer/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "secrets-are-given",
      comment: "Routes and processes get the secrets from who puts the program together, and know their type only.",
      severity: "error",
      from: { path: "^src/(http|processes)/" },
      to: { path: "^src/secrets/secrets\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "events-know-no-time",
      comment: "What happened is the same at any time. Only the adapters of the log have a clock and its limits.",
      severity: "error",
      from: { path: "^src/events/", pathNot: "^src/events/store/(?!append/).+/" },
      to: { path: "^src/runtime/", pathNot: "^src/runtime/(token|uuid|printable)\\.ts$" },
    },
    {
      name: "folds-know-no-time",
      comment:
        "A read model is a pure fold: the same log gives the same bytes. Only what runs the folds has a clock; to read a time that is written takes none.",
      severity: "error",
      from: { path: "^src/projections/", pathNot: [PROJECTION_RUNNERS, ADAPTERS] },
      to: { path: "^src/runtime/(?!(token|utc-time)\\.ts$)" },
    },
    {
      name: "ports-hide-their-adapters",
      comment: "Only the files that put the program together know an adapter; everybody else knows its port.",
      severity: "error",
      from: { path: "^src/", pathNot: [COMPOSITION, ADAPTERS] },
      to: { path: ADAPTERS },
    },
    {
      name: "adapters-do-not-know-each-other",
      comment: "An adapter may build on the append/ and pages/ beside it, and on no other adapter.",
      severity: "error",
      from: { path: "^src/(events|projections)/store/([^/]+)/" },
      to: { path: ADAPTERS, pathNot: ["^src/$1/store/$2/", "^src/$1/store/(append|pages)/"] },
    },
    driver("node-sqlite", "^(node:)?sqlite$", "^src/(events|projections)/store/sqlite/"),
    driver("mongodb", npmPackage("mongodb"), "^src/projections/store/mongodb/"),
    driver("eventstoredb", npmPackage("@eventstore/db-client"), "^src/events/store/eventstoredb/"),
    driver("protobufjs", npmPackage("protobufjs"), "^src/events/store/eventstoredb/"),
    driver("undici", npmPackage("undici"), "^src/processes/sending/"),
    driver("fastify", npmPackage("(fastify|@fastify/[^/]+)"), "^src/(http/|gateway\\.ts$)"),
    driver("commander", npmPackage("commander"), "^src/cli/"),
    driver("lru-cache", npmPackage("lru-cache"), "^src/runtime/bounded-map\\.ts$"),
    driver("prom-client", npmPackage("prom-client"), "^src/observability/metrics\\.ts$"),
    driver("tsyringe", npmPackage("(tsyringe|reflect-metadata)"), [
      "^src/runtime/token\\.ts$",
      "^src/processes/(delivering|retrying|endpoints)/",
      COMPOSITION,
    ]),
    {
      name: "pure-files-do-no-io",
      comment:
        "Events, decisions and folds take time, ids and randomness as arguments and touch no disk, net or thread.",
      severity: "error",
      from: { path: PURE },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|url)$" },
    },
    {
      name: "pure-files-need-few-packages",
      comment: "Schemas (zod) are all that the core is made with.",
      severity: "error",
      from: { path: PURE },
      to: { path: "node_modules/", pathNot: npmPackage("zod") },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one idea, also when only their types do.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "Nothing imports this file and it imports nothing: it is dead.",
      severity: "error",
      from: { orphan: true, path: "^src/" },
      to: {},
    },
    {
      name: "src-stands-alone",
      comment: "The program does not need its tests, benchmarks or scripts.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts|docs|dist)/" },
    },
    {
      name: "no-dev-dependencies",
      comment: "What the program needs at run time belongs in the dependencies of package.json.",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-unresolvable-imports",
      comment: "There is no such file or package.",
      severity: "error",
      from: { path: "^src/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    // Imports of types count: a layer that knows another's types knows that layer.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json", ".d.ts"],
    },
  },
};
