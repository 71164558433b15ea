import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { GatewayProcess, TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { respondWith, startReceiver } from "../fixtures/receivers/receiver.ts";
import { ApiClient } from "../fixtures/gateway/api-client.ts";

const DELIVERIES = 20;

interface Result {
  readonly events: number;
  readonly root: string;
  readonly checkpoint: { size: number; root: string } | null;
  readonly compared: { with: string; events: number } | null;
  readonly finding: null | {
    readonly kind: string;
    readonly leaf_index: number | null;
    readonly event: { id: string | null; stream: string; revision: number; line: number | null } | null;
    readonly text: string;
  };
}

describe.concurrent("verify", () => {
  const folder = new TemporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const [log, checkpoint, exported] = [at("log"), at("checkpoint.txt"), at("log.ndjson")];
  let publicKey = "";
  let events = 0;

  /** A copy of the stopped gateway's folder, with something done to its log. */
  function tampered(name: string, sql: string): string {
    cpSync(log, at(name), { recursive: true });
    const database = new DatabaseSync(join(at(name), "events.sqlite"));
    database.exec(sql);
    database.close();
    return at(name);
  }

  async function verified(args: readonly string[], directory: string): Promise<Result & { exitCode: number | null }> {
    const { exitCode, stdout, stderr } = await runCommand(["verify", "--json", ...args], directory);
    expect(stdout, stderr).not.toBe("");
    const result = JSON.parse(stdout) as Result;
    const said = result.finding === null ? "" : `webhook-gateway cannot vouch for the log: ${result.finding.text}\n`;
    expect(stderr).toBe(said);
    return { ...result, exitCode };
  }

  /** What stands where, as the log tells it. */
  function eventAt(position: number): { id: string; stream: string; revision: number } {
    const database = new DatabaseSync(join(log, "events.sqlite"), { readOnly: true });
    const row = database.prepare("SELECT id, stream, revision FROM events WHERE position = ?").get(position);
    database.close();
    return { ...row } as { id: string; stream: string; revision: number };
  }

  beforeAll(async () => {
    await using stack = new AsyncDisposableStack();
    const receiver = stack.adopt(await startReceiver(respondWith(200)), (it) => it.close());
    await using gateway = await GatewayProcess.start(log);
    const address = await gateway.ready;
    const alice = await ApiClient.createUser(address);
    const endpoint = await alice.createEndpoint(receiver.url());
    for (let n = 0; n < DELIVERIES; n += 1) await alice.dispatch(endpoint, `{"marker":"number ${n} of them"}`);
    await alice.untilAllFinal();
    const auditor = new ApiClient(address, readFileSync(join(log, "auditor.key"), "utf8").trim());
    publicKey = (await auditor.text("/v1/audit/public-key")).trim();
    writeFileSync(checkpoint, await auditor.text("/v1/audit/checkpoint"));

    // Beside the running gateway, with everything that there is to compare with.
    const args = ["--tree", "--checkpoint", checkpoint];
    const result = await verified(args, log);
    expect(result).toMatchObject({ exitCode: 0, finding: null, compared: { events: result.events } });
    expect(result.checkpoint).toEqual({ size: result.events, root: result.root });
    expect(await runCommand(["export", "--output", exported], log)).toMatchObject({ exitCode: 0 });
    events = result.events;
    expect(await gateway.terminate()).toBe(0);
  });
  afterAll(() => folder[Symbol.dispose]());

  it("finds nothing in an untouched log or its export", async () => {
    const inFolder = await verified(["--tree", "--checkpoint", checkpoint, "--public-key", publicKey], log);
    expect(inFolder).toMatchObject({ exitCode: 0, events, finding: null });
    const args = ["--input", exported, "--checkpoint", checkpoint, "--public-key", publicKey];
    expect(await verified(args, "/nowhere")).toMatchObject({ exitCode: 0, events, root: inFolder.root });
    const piped = await runCommand(["verify", "--input", "-"], "/nowhere", { input: exported });
    expect(piped).toEqual({
      exitCode: 0,
      stdout: [
        `events      ${events}`,
        `root        ${inFolder.root}`,
        "left out    positions and times of recording, which no tree head proves",
        "            with nothing to compare with, this says nothing of the past\n",
      ].join("\n"),
      stderr: "",
    });
  });

  it("finds one changed byte of the file", async () => {
    const directory = tampered("byte", "SELECT 1");
    const file = join(directory, "events.sqlite");
    const bytes = readFileSync(file);
    const place = bytes.indexOf("number 7 of them");
    bytes[place] = "N".charCodeAt(0);
    writeFileSync(file, bytes);
    const { exitCode, finding } = await verified(["--tree"], directory);
    expect(exitCode).toBe(1);
    expect(finding).toMatchObject({ kind: "changed", event: { revision: 0 } });
    expect(finding?.event?.stream).toMatch(/^delivery-/);
    expect(await verified(["--against", exported], directory)).toMatchObject({ exitCode: 1, finding });
    const { finding: signed } = await verified(["--checkpoint", checkpoint], directory);
    expect(signed).toMatchObject({ kind: "rewritten" });
  });

  const middle = 30;
  it.each([
    ["a removed event", `DELETE FROM events WHERE position = ${middle}`, "removed", middle],
    [
      "two events swapped",
      `UPDATE events SET position = -1 WHERE position = ${middle};
       UPDATE events SET position = ${middle} WHERE position = ${middle + 5};
       UPDATE events SET position = ${middle + 5} WHERE position = -1`,
      "moved",
      middle,
    ],
    ["a truncated tail", `DELETE FROM events WHERE position >= ${middle}`, "truncated", middle],
    [
      "an event of another id",
      `UPDATE events SET id = '99999999-9999-4999-8999-999999999999' WHERE position = ${middle}`,
      "replaced",
      middle,
    ],
    ["an event whose data is no JSON", `UPDATE events SET data = '{' WHERE position = ${middle}`, "damaged", middle],
  ])("finds and names %s", async (what, sql, kind, position) => {
    const directory = tampered(what, sql);
    const event = eventAt(position);
    const list = await verified(["--tree", "--checkpoint", checkpoint], directory);
    expect(list).toMatchObject({ exitCode: 1, finding: { kind, leaf_index: position - 1, event } });
  });

  it("finds and names what was changed in an export, against another", async () => {
    const changed = at("changed.ndjson");
    writeFileSync(changed, readFileSync(exported, "utf8").replace("number 7 of them", "number 8 of them"));
    const { exitCode, finding } = await verified(["--input", changed, "--against", exported], "/nowhere");
    expect(exitCode).toBe(1);
    expect(finding).toMatchObject({ kind: "changed" });
    expect(finding?.event?.line).toBe(Number(finding?.leaf_index) + 2);
    // The one that was changed is not taken for a list to be trusted.
    const { exitCode: refused, stderr } = await runCommand(["verify", "--against", changed], log);
    expect(refused).toBe(1);
    expect(stderr).toContain(`${changed} cannot be compared with: the export was changed`);
  });

  it("does not take a checkpoint that was changed, or that another has signed", async () => {
    const forged = at("forged.txt");
    writeFileSync(forged, readFileSync(checkpoint, "utf8").replace(`\n${events}\n`, `\n${events - 1}\n`));
    const { exitCode, stderr } = await runCommand(["verify", "--checkpoint", forged], log);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^webhook-gateway cannot vouch for the log: the note was changed: [^\n]*\n$/,
      ) as string,
    });
    const key = { MASTER_KEY: Buffer.alloc(32, 9).toString("base64") };
    const other = await runCommand(["verify", "--checkpoint", checkpoint], log, { env: key });
    expect(other.stderr).toMatch(/MASTER_KEY: it is not the key that the log was begun with/);
  });

  it("refuses what cannot be meant", async () => {
    const lines: Readonly<Record<string, string>> = {
      "--tree --against x":
        "option '--tree' cannot be used with option '--against <FILE>'; see webhook-gateway verify --help",
      "--against -": "--against needs a file, which is read more than once",
      "--public-key x": "--public-key needs --checkpoint FILE",
      "--input x --checkpoint y": "--checkpoint with --input needs --public-key KEY",
    };
    for (const [args, line] of Object.entries(lines)) {
      const outcome = await runCommand(["verify", ...args.split(" ")], "/nowhere");
      expect(outcome).toEqual({ exitCode: 2, stdout: "", stderr: `webhook-gateway: verify: ${line}\n` });
    }
  });

  it("says where there is no log, and no tree", async () => {
    const nothing = await runCommand(["verify"], "/nowhere");
    expect(nothing.stderr).toBe(
      "webhook-gateway cannot vouch for the log: DATA_DIR: there is no event log in /nowhere\n",
    );
    const noTree = await runCommand(["verify", "--tree", "--input", exported], "/nowhere");
    expect(noTree).toMatchObject({ exitCode: 1, stdout: "" });
    expect(noTree.stderr).toContain("there is no audit tree in the read models yet");
  });
});
