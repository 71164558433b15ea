import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { respondWith } from "../../../fixtures/receivers/receiver.ts";
import { startNameServer } from "../../../fixtures/sending/name-server.ts";
import { makeReceiver } from "../../../fixtures/sending/sender-setup.ts";

/** More than Node needs to start, and fewer than the hundred connections that the child wants. */
const FILE_HANDLES = 64;

/** Runs a script of the fixtures in a process that has few file handles, and gives what it prints. */
async function runWithFewHandles(name: string, ...args: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(`../../../fixtures/sending/${name}`, import.meta.url));
  const command = `ulimit -n ${FILE_HANDLES} && exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, ...args]);
  return JSON.parse(stdout);
}

it("takes no attempt for one when the process has no file handle left, and goes on when it has", async () => {
  const receiver = await makeReceiver((socket, request) => {
    if (request.path === "/answer") respondWith(200)(socket, request);
  });
  const { before, counts, afterwards } = (await runWithFewHandles("sending-child.ts", receiver.url())) as {
    before: string;
    counts: Record<string, number>;
    afterwards: string;
  };
  // Those that had their connection hang; of the others nobody but ourselves is to blame.
  const { timeout = 0, not_sent: notSent = 0 } = counts;
  expect(timeout + notSent).toBe(100);
  expect(timeout).toBeGreaterThan(0);
  expect(notSent).toBeGreaterThan(100 - FILE_HANDLES);
  expect(receiver.connections).toBe(timeout + 2);
  expect([before, afterwards]).toEqual(["delivered", "delivered"]);
});

it("does not blame the name for a lookup without a file handle", async () => {
  const names = await startNameServer();
  onTestFinished(() => names.close());
  names.says("receiver.example", { addresses: ["192.0.2.1"] });
  expect(await runWithFewHandles("resolving-child.ts", names.address, "receiver.example")).toEqual({
    before: "192.0.2.1",
    without: "own fault",
    afterwards: "192.0.2.1",
  });
});
