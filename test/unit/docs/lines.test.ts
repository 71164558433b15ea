import { describe, expect, it } from "vitest";
import { EVENT_TYPES } from "../../../src/events/catalogue.ts";
import { allFiles, textOf } from "./facts.ts";
import { readPage } from "./page.ts";
import { invented, quotesOf, unquoted } from "./quotes.ts";
import { readSourceLines } from "./source-lines.ts";
import type { Line } from "./source-lines.ts";
import { namesIn, rowsBelow } from "./tables.ts";

const SOURCE = readSourceLines();
const PAGES = allFiles()
  .filter((path) => /^docs\/operations\/.*\.md$/.test(path))
  .map((path) => readPage(path, textOf(path)));
const FAULTS = "docs/operations/faults.md";
const LOGS = "docs/operations/logs.md";
const RUNNING = "docs/operations/running.md";
/** Who writes the lines of commands; all other lines can be those of a start. */
const COMMANDS = /^src\/(cli\/(?!serve\.ts)|processes\/|.*\/backup-log\.ts$)/;

/** What stands between backticks on these pages. */
function spansOf(isOne: (path: string) => boolean): string[] {
  return PAGES.filter(({ path }) => isOne(path)).flatMap(({ spans }) => spans.map(({ text }) => text));
}

/** What to add where, for whoever added a line. */
function missing(lines: readonly Line[], page: string): string[] {
  return lines.map(({ text, file }) => `add \`${text}\` to ${page} (it is in ${file})`);
}

describe("the pages for operators quote in full", () => {
  it("every line of the program's log, on the page of the log", () => {
    expect(SOURCE.logged.length).toBeGreaterThan(40);
    expect(
      missing(
        unquoted(
          SOURCE.logged,
          spansOf((path) => path === LOGS),
        ),
        LOGS,
      ),
    ).toEqual([]);
  });

  it("every line that a start can end with, on the page of faults", () => {
    const lines = SOURCE.errors.filter(({ file }) => !COMMANDS.test(file));
    expect(lines.length).toBeGreaterThan(30);
    expect(
      missing(
        unquoted(
          lines,
          spansOf((path) => path === FAULTS),
        ),
        FAULTS,
      ),
    ).toEqual([]);
  });

  it("every line that another command can say, on some page", () => {
    const lines = SOURCE.errors.filter(({ file }) => COMMANDS.test(file));
    expect(lines.length).toBeGreaterThan(30);
    expect(
      missing(
        unquoted(
          lines,
          spansOf(() => true),
        ),
        "docs/operations/",
      ),
    ).toEqual([]);
  });

  it("no line that the program cannot say", () => {
    const quotes = PAGES.flatMap(quotesOf);
    expect(quotes.length).toBeGreaterThan(100);
    const all = [...SOURCE.texts, ...SOURCE.logged, ...SOURCE.errors];
    expect(invented(quotes, all).map(({ place, text }) => `${place}: the source has no \`${text}\``)).toEqual([]);
  });
});

describe("the page of the log", () => {
  it("has the level of each line in its tables", () => {
    const rows = [...textOf(LOGS).matchAll(/^\| (\d\d) +\| `([^`]+)`/gm)];
    expect(rows.length).toBeGreaterThan(25);
    const wrong = rows.filter(([, level, text = ""]) => {
      const levels = SOURCE.logged.filter((line) => line.text === text).map((line) => String(line.level));
      return !levels.includes(level ?? "");
    });
    expect(wrong.map(([, level, text]) => `${LOGS}: \`${text}\` has another level than ${level}`)).toEqual([]);
  });
});

describe("the check of the quotes", () => {
  const lines = [
    { text: "DATA_DIR … is not writable: …; give this user write permission", file: "a.ts" },
    { text: "the event store refuses the credentials: …", file: "b.ts" },
    { text: "…: …", file: "c.ts" },
  ];
  const quotes = [
    "DATA_DIR … is not writable: EACCES; give this user write permission",
    "webhook-gateway cannot start: EVENTSTORE_URL: the event store refuses the credentials: no",
    "DATA_DIR … is not writable: …",
    "the event store has three heads",
  ].map((text) => ({ text, place: "page" }));

  it("takes a line in full, with what varies and what stands in front, and nothing less", () => {
    const texts = quotes.map(({ text }) => text);
    expect(unquoted(lines, texts)).toEqual([]);
    expect(unquoted(lines, texts.slice(2)).map(({ file }) => file)).toEqual(["a.ts", "b.ts"]);
    expect(invented(quotes, lines)).toEqual(quotes.slice(2));
  });
});

describe("the pages for operators list exactly", () => {
  it("the events that the log may hold", () => {
    const page = "docs/operations/audit.md";
    const shown = rowsBelow(page, "The events").flatMap((row) => namesIn(row["event"] ?? ""));
    expect(
      shown.filter((name) => !EVENT_TYPES.includes(name)),
      `${page}: the log has no such events`,
    ).toEqual([]);
    expect(
      EVENT_TYPES.filter((name) => !shown.includes(name)),
      `${page}: add these events`,
    ).toEqual([]);
  });

  it("the exit codes of the program", () => {
    const src = allFiles().filter((path) => /^src\/.*\.ts$/.test(path));
    const set = src.flatMap((path) => [...textOf(path).matchAll(/exitCode(?::| =) ([\d| ]+)|process\.exit\((\d+)\)/g)]);
    const codes = new Set(["0", ...set.flatMap(([, one = "", other = ""]) => `${one}|${other}`.match(/\d+/g) ?? [])]);
    const shown = rowsBelow(RUNNING, "Exit codes").map((row) => row["exit code"]);
    expect(shown, RUNNING).toEqual([...codes].sort());
    const told = PAGES.flatMap(({ path }) =>
      [...textOf(path).matchAll(/exit codes?:? (?:is )?(\d+)/gi)].map(([, code]) => `${path}: ${code}`),
    );
    expect(told.length).toBeGreaterThan(4);
    expect(told.filter((one) => !codes.has(one.split(": ")[1] ?? ""))).toEqual([]);
  });
});
