import { describe, expect, it } from "vitest";
import { ProgressLine } from "../../../src/cli/progress-line.ts";

/** ProgressLine whose time the test sets, and all that was written. */
function progressOn(isTTY: boolean): { progress: ProgressLine; at: (ms: number) => void; written: string[] } {
  const written: string[] = [];
  let now = 0;
  const progress = new ProgressLine({ write: (text: string) => written.push(text), isTTY }, "exporting", () => now);
  return { progress, at: (ms) => (now = ms), written };
}

describe("progress", () => {
  it("is a line every five seconds where there is no terminal", () => {
    const { progress, at, written } = progressOn(false);
    for (let second = 1; second <= 12; second += 1) {
      at(second * 1_000);
      progress.report(second * 6_400, second / 40);
    }
    progress.end();
    expect(written).toEqual([
      "exporting: 32,000 events, 6,400/s, 12 %, 35 s left\n",
      "exporting: 64,000 events, 6,400/s, 25 %, 30 s left\n",
    ]);
  });

  it("is one line that is drawn again in a terminal, and goes away at the end", () => {
    const { progress, at, written } = progressOn(true);
    at(199);
    progress.report(640, null);
    at(200);
    progress.report(1_280, null);
    at(300);
    progress.report(1_920, null);
    progress.end();
    progress.end();
    expect(written).toEqual(["\r\u001b[Kexporting: 1,280 events, 6,400/s", "\r\u001b[K"]);
  });

  it("counts what remains in minutes when it is long", () => {
    const { progress, at, written } = progressOn(false);
    at(10_000);
    progress.report(64, 0.01);
    expect(written).toEqual(["exporting: 64 events, 6/s, 1 %, 17 min left\n"]);
  });
});
