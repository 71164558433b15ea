"use strict";
/* global module */

/**
 * The boundaries of the program. Each rule's comment is what somebody reads whose import was refused; CONTRIBUTING.md has
 * the whole of it. `test/unit/architecture.test.ts` shows that every rule here catches what it is for.
 */

/** Who puts the program together: the only files that know every adapter. */
const COMPOSITION = "^src/((main|gateway|container|open-secrets|cli/open-log)\\.ts$|storage/)";
/** The adapters, each beside the port that it serves. */
const ADAPTERS = "^src/(events|projections)/[^/]+/";
/** What follows the log in time, and so needs a clock; every other projection file is a pure fold with its queries. */
const PROJECTION_RUNNERS =
  "^src/projections/(runner|checkpoint-moves|group-runner|fill-builder|compare-fills|projection-host|pace|progress|directory)\\.ts$";
/** Files whose result depends on their arguments alone (eslint.config.js forbids their globals, such as Date.now). */
const PURE = "^src/(events|commands|projections)/[^/]+\\.ts$";

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
    layer("events", "^src/events/"),
    layer("commands", "^src/(events|commands)/"),
    layer("projections", "^src/((events|projections)/|(clock|supervision)\\.ts$)"),
    layer(
      "processes",
      "^src/((events|commands|projections|processes)/|(clock|supervision|logger|trouble-log|health|metrics|time-ordered-id)\\.ts$)",
    ),
    layer(
      "http",
      "^src/((events|commands|projections|processes|http)/|(clock|trouble-log|health|metrics|secrets|time-ordered-id)\\.ts$)",
    ),
    layer(
      "cli",
      "^src/((events|commands|projections|processes|storage|cli)/|(clock|config|gateway|health|logger|metrics|open-secrets|sync-folder|time-ordered-id|version)\\.ts$)",
    ),
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
      name: "http-is-given-its-secrets",
      comment: "Routes get the secrets from whoever puts the program together; of src/secrets.ts they know the type.",
      severity: "error",
      from: { path: "^src/http/" },
      to: { path: "^src/secrets\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "folds-know-no-time",
      comment: "A read model is a pure fold: the same log gives the same bytes. Only what runs the folds has a clock.",
      severity: "error",
      from: { path: "^src/projections/[^/]+\\.ts$", pathNot: PROJECTION_RUNNERS },
      to: { path: "^src/(clock|supervision)\\.ts$" },
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
      comment: "An adapter may build on the semantics in memory/ of its own port, and on no other adapter.",
      severity: "error",
      from: { path: "^src/(events|projections)/([^/]+)/" },
      to: { path: ADAPTERS, pathNot: ["^src/$1/$2/", "^src/$1/memory/"] },
    },
    driver("node-sqlite", "^(node:)?sqlite$", "^src/(events|projections)/sqlite/"),
    driver("mongodb", npmPackage("mongodb"), "^src/projections/mongodb/"),
    driver("eventstoredb", npmPackage("@eventstore/db-client"), "^src/events/eventstoredb/"),
    driver("protobufjs", npmPackage("protobufjs"), "^src/events/eventstoredb/"),
    driver("undici", npmPackage("undici"), "^src/processes/sending/"),
    driver("fastify", npmPackage("(fastify|@fastify/[^/]+)"), "^src/(http/|gateway\\.ts$)"),
    driver("prom-client", npmPackage("prom-client"), "^src/metrics\\.ts$"),
    driver("tsyringe", npmPackage("(tsyringe|reflect-metadata)"), ["^src/processes/[^/]+\\.ts$", COMPOSITION]),
    {
      name: "pure-files-do-no-io",
      comment:
        "Events, decisions and folds take time, ids and randomness as arguments and touch no disk, net or thread.",
      severity: "error",
      from: { path: PURE },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "pure-files-need-few-packages",
      comment: "Schemas (zod) and retries of conflicts (p-retry) are all that the core is made with.",
      severity: "error",
      from: { path: PURE },
      to: { path: "node_modules/", pathNot: npmPackage("(zod|p-retry)") },
    },
    {
      name: "no-cycles",
      comment: "Two files that need each other are one idea. Types may refer to each other: they are gone at run time.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
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
