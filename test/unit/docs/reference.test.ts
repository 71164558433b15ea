import { describe, expect, it } from "vitest";
import { allFiles, gatherFacts, textOf } from "./facts.ts";
import { readPage } from "./page.ts";

const FACTS = gatherFacts();

function spansOf(path: string): readonly string[] {
  return readPage(path, textOf(path)).spans.map(({ text }) => text);
}

/** The texts in those files of the product that have this name. */
function inSource(name: string, pattern: RegExp): string[] {
  const paths = allFiles().filter((file) => file.startsWith("src/") && file.endsWith(`/${name}`));
  return paths.flatMap((path) => [...textOf(path).matchAll(pattern)].map(([, found = ""]) => found));
}

describe("the reference leaves nothing out", () => {
  it("of the routes", () => {
    const shown = FACTS.routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(shown.length).toBeGreaterThan(30);
    expect(spansOf("docs/reference/http-api.md")).toEqual(expect.arrayContaining(shown));
  });

  it("of the addresses that are refused, in their order", () => {
    const isRange = (text: string): boolean => /^[\da-f.:]+\/\d+$/.test(text) && text !== "2000::/3";
    const ranges = inSource("address-ranges.ts", /"([\da-f.:]+\/\d+)"/g).filter(isRange);
    expect(ranges.length).toBeGreaterThan(20);
    expect(spansOf("docs/reference/targets.md").filter(isRange)).toEqual(ranges);
  });

  it("of the metrics", () => {
    expect(FACTS.metrics.size).toBeGreaterThan(10);
    const shown = spansOf("docs/operations/metrics.md").map((text) => text.replace(/\{.*\}$/, ""));
    expect(shown).toEqual(expect.arrayContaining([...FACTS.metrics]));
  });
});
