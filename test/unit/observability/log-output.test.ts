import { describe, expect, it } from "vitest";
import { LogOutput, MAX_WAITING_BYTES } from "../../../src/observability/log-output.ts";
import type { Output, Written } from "../../../src/observability/output.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

/** An output that takes what a test lets it take. */
class FakeOutput implements Output {
  taken = "";
  tries = 0;
  /** What becomes of a write: how many bytes at most it takes, an error, or null when it does not return. */
  answer: number | NodeJS.ErrnoException | null = Number.POSITIVE_INFINITY;

  write(bytes: Buffer, offset: number, written: Written): void {
    const { answer } = this;
    this.tries++;
    if (answer === null) return;
    setImmediate(() => {
      if (answer instanceof Error) written(answer, 0);
      else written(null, this.#take(bytes.subarray(offset, offset + answer)));
    });
  }

  writeNow(bytes: Buffer): void {
    if (this.answer instanceof Error) throw this.answer;
    this.#take(bytes);
  }

  #take(bytes: Buffer): number {
    this.taken += bytes.toString();
    return bytes.length;
  }
}

const FULL: NodeJS.ErrnoException = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

function world() {
  const output = new FakeOutput();
  const clock = new FakeClock();
  const counts = { dropped: 0 };
  const log: LogOutput = new LogOutput({
    output,
    clock,
    onDrop: () => (counts.dropped += 1),
    onRecovery: (dropped) => log.write(`dropped ${dropped}\n`),
  });
  return { output, clock, counts, log };
}

describe("the output of the program's log", () => {
  it("gets the lines of one turn in one write, in order", async () => {
    const { output, clock, log } = world();
    for (const line of ["one\n", "zwölf\n", "three\n"]) log.write(line);
    expect(output.tries).toBe(0);
    await clock.settle();
    expect(output.taken).toBe("one\nzwölf\nthree\n");
    expect(output.tries).toBe(1);
  });

  it("gets the rest of what it took in part, and then the lines since", async () => {
    const { output, clock, log } = world();
    output.answer = 3;
    log.write("a first line\n");
    await clock.until(() => output.tries === 1);
    log.write("a second line\n");
    await clock.settle();
    expect(output.taken).toBe("a first line\na second line\n");
  });

  it("is tried again after each error, at first soon and then every half a second", async () => {
    const { output, clock, log } = world();
    output.answer = FULL;
    log.write("a line\n");
    await clock.settle();
    await clock.advance(1_023);
    const tries = output.tries;
    expect(tries).toBe(11);
    await clock.advance(5_000);
    expect(output.tries).toBe(tries + 10);
    output.answer = Number.POSITIVE_INFINITY;
    await clock.advance(500);
    expect(output.taken).toBe("a line\n");
    expect(clock.timers).toBe(0);
  });

  it("has at most 1 MiB waiting for it; what is dropped is counted, and told in its place", async () => {
    const { output, clock, counts, log } = world();
    output.answer = FULL;
    const line = `${"x".repeat(1_023)}\n`;
    for (let n = 0; n < 1_500; n++) log.write(line);
    await clock.settle();
    expect(counts.dropped).toBe(1_500 - MAX_WAITING_BYTES / line.length);
    // Even a line that would fit comes after those that are missing.
    log.write("\n");
    expect(counts.dropped).toBe(477);
    output.answer = 64 * 1024;
    await clock.advance(500);
    log.write("the next line\n");
    await clock.settle();
    expect(output.taken).toBe(`${line.repeat(1_024)}dropped 477\nthe next line\n`);
  });

  it("is told of a single line that is too long, and not given it", async () => {
    const { output, clock, log } = world();
    log.write("é".repeat(MAX_WAITING_BYTES / 2 + 1));
    await clock.settle();
    expect(output.taken).toBe("dropped 1\n");
  });

  it("is waited for by a flush until everything is written", async () => {
    const { output, clock, log } = world();
    await log.flush(0);
    output.answer = FULL;
    log.write("a line\n");
    await clock.settle();
    let flushed = false;
    void log.flush(60_000).then(() => (flushed = true));
    await clock.advance(900);
    expect(flushed).toBe(false);
    output.answer = 1;
    await clock.advance(500);
    expect(flushed).toBe(true);
    expect(output.taken).toBe("a line\n");
    expect(clock.timers).toBe(0);
  });

  it("is waited for no longer than the limit of a flush", async () => {
    const { output, clock, log } = world();
    output.answer = null;
    log.write("a line\n");
    let flushed = false;
    void log.flush(1_000).then(() => (flushed = true));
    await clock.advance(999);
    expect(flushed).toBe(false);
    await clock.advance(1);
    expect(flushed).toBe(true);
  });

  it("gets at the end what waits, once", async () => {
    const { output, clock, log } = world();
    const kill = (): never => expect.unreachable();
    output.answer = 3;
    log.write("a line\n");
    await clock.until(() => output.taken !== "");
    output.answer = FULL;
    await clock.settle();
    output.answer = Number.POSITIVE_INFINITY;
    const written = output.taken.length;
    log.write("another\n");
    log.end(kill);
    expect(output.taken.slice(written)).toBe("a line\nanother\n".slice(written));
    expect(output.taken).toBe("a line\nanother\n");
  });

  it("holds no end when it takes nothing", async () => {
    const { output, clock, log } = world();
    output.answer = FULL;
    log.write("a line\n");
    await clock.settle();
    log.end(() => expect.unreachable());
    expect(output.taken).toBe("");
  });

  it("ends the process by force only when a write has not returned for a second", async () => {
    const { output, clock, log } = world();
    let killed = 0;
    output.answer = null;
    log.write("a line\n");
    await clock.settle();
    log.end(() => killed++);
    expect(killed).toBe(0);
    await clock.advance(1_001);
    log.end(() => killed++);
    expect(killed).toBe(1);
  });
});
