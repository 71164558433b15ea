import { describe, it } from "vitest";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";

// Each row of the table in docs/operations/running.md. A second signal is in shutdown.test.ts, SIGSTOP in standstill.test.ts.
describe.concurrent("the gateway", () => {
  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const)("stops in order at %s", async (signal) => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path);
    gateway.signal(signal);
    const code = await gateway.exited;
    if (code !== 0 || gateway.stderr !== "") throw new Error(`ended with ${code}: ${gateway.stderr}`);
  });

  it("does nothing at SIGUSR1, at which Node would open its debugger, and at SIGPIPE", async ({ expect }) => {
    using folder = new TemporaryFolder();
    await using gateway = await GatewayProcess.start(folder.path);
    const address = await gateway.ready;
    for (const signal of ["SIGUSR1", "SIGPIPE", "SIGUSR1"] as const) {
      gateway.signal(signal);
      expect((await fetch(`${address}/livez`)).status).toBe(200);
    }
    expect(await gateway.terminate()).toBe(0);
    // Node would have said here that its debugger listens.
    expect(gateway.stderr).toBe("");
  });
});
