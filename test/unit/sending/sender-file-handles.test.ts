import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { respondWith } from "../../fixtures/receiver.ts";
import { makeReceiver } from "./sender-setup.ts";

/** More than Node needs to start, and fewer than the hundred connections that the child wants. */
const FILE_HANDLES = 64;

it("takes no attempt for one when the process has no file handle left, and goes on when it has", async () => {
  const receiver = await makeReceiver((socket, request) => {
    if (request.path === "/answer") respondWith(200)(socket, request);
  });
  const script = fileURLToPath(new URL("../../fixtures/sending-child.ts", import.meta.url));
  const command = `ulimit -n ${FILE_HANDLES} && exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, receiver.url()]);
  const { before, counts, afterwards } = JSON.parse(stdout) as {
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
