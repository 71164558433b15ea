import { describe, expect, it } from "vitest";
import { gatherFacts, textOf } from "./facts.ts";
import { brokenLinks, missingFiles, missingNames } from "./false-claims.ts";
import { readPage } from "./page.ts";

const FACTS = gatherFacts();
const PAGES = [...FACTS.files]
  .filter((path) => /^(docs\/.*|[^/]+)\.md$/.test(path))
  .map((path) => readPage(path, textOf(path)));
/** Tells of what was, and may name what is no longer. */
const HISTORY = "CHANGELOG.md";

describe("the pages", () => {
  it("are found", () => {
    expect(PAGES.map(({ path }) => path)).toEqual(expect.arrayContaining(["README.md", "docs/operations/audit.md"]));
  });

  it("have links that lead somewhere", () => {
    expect(PAGES.flatMap((page) => brokenLinks(page, PAGES, FACTS.files))).toEqual([]);
  });

  it("name files that exist", () => {
    expect(PAGES.flatMap((page) => missingFiles(page, FACTS))).toEqual([]);
  });

  it("name variables, routes, metrics and events that exist", () => {
    const present = PAGES.filter(({ path }) => path !== HISTORY);
    expect(present.flatMap((page) => missingNames(page, FACTS))).toEqual([]);
  });
});

describe("the comments of the code", () => {
  it("name pages that exist", () => {
    const code = [...FACTS.files].filter(
      (path) => /\.(ts|js|cjs|yml)$/.test(path) && !path.startsWith("test/unit/docs/"),
    );
    const named = code.flatMap((path) =>
      (textOf(path).match(/(?<=[\s(])[\w./-]+\.md\b/g) ?? []).map((page) => [path, page]),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(([, page = ""]) => !FACTS.files.has(page))).toEqual([]);
  });
});

const FALSE = `# A page

See [a page](missing.md), [a heading](#a-heading), [another](../README.md#nowhere) and [this one](#a-page).

The event DeliverySucceeded, and \`src/nothing.ts\`, \`nothing.ts\`, \`nothing/\`, \`src/nothing/<name>.ts\` and rules.md.

Set \`NO_SUCH_THING=1\`. Ask \`GET /v1/nothing\`, \`PUT /v1/dispatch\`, \`POST …/nothing\` or \`/v1/deliveries/{id}/x\`.

\`\`\`sh
curl http://127.0.0.1:8080/v1/none
node bench/none.ts # webhook_nothing_total
\`\`\`
`;

const TRUE = `# A page

[Itself](#a-page), [a page](../README.md#start), [outside](https://example.com/x#y), \`[no](link.md)\`, DeliveryRequested.

\`src/config.ts\`, \`config.ts\`, \`src/http/\`, \`http/\`, \`src/http/<name>.ts\`, \`dist/main.js\`, README.md, \`fastify\`.

\`DATA_DIR=x\`, \`GET /v1/deliveries/{id}?at=x\`, \`HEAD /v1/ping\`, \`POST …/enable\`, \`/v1/audit/…\`, \`/readyz\`.

\`\`\`sh
curl http://localhost:8080/v1/endpoints/1/secret # webhook_append_duration_seconds_bucket
\`\`\`
`;

describe("the check of the pages", () => {
  const check = (text: string): string[] => {
    const page = readPage("docs/sample.md", text);
    return [
      ...brokenLinks(page, [...PAGES, page], new Set([...FACTS.files, page.path])),
      ...missingFiles(page, FACTS),
      ...missingNames(page, FACTS),
    ];
  };

  it("finds what is false, with its line", () => {
    expect(check(FALSE)).toEqual([
      "docs/sample.md:3: no file docs/missing.md",
      "docs/sample.md:3: no heading #a-heading in docs/sample.md",
      "docs/sample.md:3: no heading #nowhere in README.md",
      "docs/sample.md:5: no file src/nothing.ts",
      "docs/sample.md:5: no file src/nothing/<name>.ts",
      "docs/sample.md:11: no file bench/none.ts",
      "docs/sample.md:5: no file nothing.ts",
      "docs/sample.md:5: no file nothing/",
      "docs/sample.md:5: no file rules.md",
      "docs/sample.md:7: no variable NO_SUCH_THING",
      "docs/sample.md:7: no route GET /v1/nothing",
      "docs/sample.md:7: no route PUT /v1/dispatch",
      "docs/sample.md:7: no route POST …/nothing",
      "docs/sample.md:7: no route /v1/deliveries/{id}/x",
      "docs/sample.md:10: no route /v1/none",
      "docs/sample.md:11: no metric webhook_nothing_total",
      "docs/sample.md:5: no event DeliverySucceeded",
    ]);
  });

  it("finds nothing in what is true", () => {
    expect(check(TRUE)).toEqual([]);
  });
});
