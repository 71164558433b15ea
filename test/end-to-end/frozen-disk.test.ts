import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "vitest";
import { GatewayProcess, SHORT_GRACE, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { until } from "../fixtures/until.ts";

const FREEZING = new URL("../fixtures/gateway/freezing-disk.ts", import.meta.url).href;

describe.concurrent("a disk that no longer answers", () => {
  it.for([
    { signals: 1, last: "killed by timeout (24000ms)" },
    { signals: 2, last: "second SIGTERM, exiting" },
  ])("does not keep the gateway from ending after $signals of SIGTERM", async ({ signals, last }, { expect }) => {
    using folder = new TemporaryFolder();
    const fifo = join(folder.path, "fifo");
    await using gateway = await GatewayProcess.start(join(folder.path, "data"), {
      FREEZING_DISK: fifo,
      // The second signal has to come before the time is over.
      NODE_OPTIONS: `${signals === 1 ? (SHORT_GRACE["NODE_OPTIONS"] ?? "") : ""} --import ${FREEZING}`,
    });
    const address = await gateway.ready;
    execFileSync("mkfifo", [fifo]);
    const reply = await fetch(`${address}/v1/users`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"username":"alice"}',
    });
    expect(reply.status).toBe(503);
    gateway.signalTerm();
    await until("the stop to begin", () => gateway.logged(({ msg }) => msg === "shutting down").length > 0);
    if (signals === 2) gateway.signalTerm();
    // Not by itself: its threads are in a system call that never returns.
    expect(await gateway.exited).toBe(null);
    expect(gateway.logged(({ level }) => level === 50).map(({ msg }) => msg)).toEqual([last]);
  });
});
