import { execFileSync } from "node:child_process";
import { constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openOutput } from "../../../src/observability/output.ts";
import type { Output } from "../../../src/observability/output.ts";
import { TemporaryFolder } from "../../fixtures/gateway/gateway-process.ts";

/** What a write came to: the number of bytes, or the code of the error. */
function write(output: Output, text: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    output.write(Buffer.from(text), 0, (error, bytes) => resolve(error === null ? bytes : error.code));
  });
}

it("appends to a file from where it is", async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "log");
  const output = openOutput(openSync(path, "a"));
  expect(await write(output, "one\n")).toBe(4);
  output.writeNow(Buffer.from("two\n"));
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
});

it("has the error of a full device", async () => {
  const output = openOutput(openSync("/dev/full", "w"));
  expect(await write(output, "one\n")).toBe("ENOSPC");
  expect(() => output.writeNow(Buffer.from("one\n"))).toThrow("ENOSPC");
});

it("does not wait for room in a FIFO, though it was opened to wait", async () => {
  using folder = new TemporaryFolder();
  const path = join(folder.path, "fifo");
  execFileSync("mkfifo", [path]);
  const fifo = openSync(path, constants.O_RDWR);
  const output = openOutput(fifo);
  const megabyte = "x".repeat(1024 * 1024);
  const taken = await write(output, megabyte);
  expect(taken).toBeLessThan(megabyte.length);
  expect(await write(output, megabyte)).toBe("EAGAIN");
  expect(() => output.writeNow(Buffer.from("x"))).toThrow("EAGAIN");
  expect(readSync(fifo, Buffer.alloc(megabyte.length))).toBe(taken);
  expect(await write(output, "x")).toBe(1);
});
