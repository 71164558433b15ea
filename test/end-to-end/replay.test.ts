import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { schemaVersionOf } from "../../src/events/catalogue.ts";
import type { GatewayEvent } from "../../src/events/catalogue.ts";
import type { EventToAppend } from "../../src/events/store/event-store.ts";
import { openDataDirectory } from "../../src/events/store/sqlite/files/data-directory.ts";
import { SqliteEventStore } from "../../src/events/store/sqlite/sqlite-event-store.ts";
import { sampleEvent } from "../fixtures/event-log/event-samples.ts";
import { runCommand } from "../fixtures/gateway/command-process.ts";
import { TemporaryFolder } from "../fixtures/gateway/gateway-process.ts";
import { runInTerminal, whyNoTerminal } from "../fixtures/gateway/terminal-process.ts";
import { obeyedByTerminals } from "../fixtures/terminal.ts";
import { DELIVERY_ID, attempted, requested, started } from "../specification/delivery-story.ts";
import { Instances } from "./instances.ts";
import { FAST, expectReadable, titlesIn, toldByAServer, toldByBoth } from "./told-delivery.ts";
import type { Step } from "./told-delivery.ts";

const EVIL = "\u001b[2J\u001b]0;owned\u0007\u009b31m\r\nforged line\u202e🎉👨‍👩‍👧‍👦漢字";

function toAppend(event: GatewayEvent): EventToAppend {
  const metadata = { ...sampleEvent().metadata, schemaVersion: schemaVersionOf(event.type) };
  return sampleEvent({ type: event.type, data: event.data, metadata });
}

/** A data folder whose log has one delivery, and these further events of it. */
async function seeded(directory: string, more: readonly EventToAppend[]): Promise<void> {
  const folder = openDataDirectory(directory);
  const store = await SqliteEventStore.open({ directory });
  const evil = attempted(1, 0, 1, {
    responseBody: EVIL.repeat(20),
    url: `https://a.example/${"x".repeat(500)}${EVIL}`,
  });
  await store.append(
    `delivery-${DELIVERY_ID}`,
    [...[requested(), started(1, 0), evil].map(toAppend), ...more],
    "no_stream",
  );
  await store.close();
  folder.release();
}

describe("webhook-gateway replay", () => {
  it("tells the same beside a running gateway, after its end, and as the API", async () => {
    using folder = new TemporaryFolder();
    const { id, api, replay, stop } = await toldByBoth(folder.path, {});
    const beside = { text: await replay(), json: await replay("--json") };
    await stop();
    const { data } = JSON.parse(api) as { data: Step[] };

    expect(beside.text).toMatchObject({ exitCode: 0, stderr: "" });
    expectReadable(beside.text.stdout);
    expect(titlesIn(beside.text.stdout)).toEqual(data.map(({ type }, revision) => `${revision}. ${type}`));
    expect(beside.text.stdout).toContain("→ SUCCESS");
    expect(beside.text.stdout).not.toContain("in the payload");
    expect(beside.json).toMatchObject({ exitCode: 0, stderr: "" });
    expect(obeyedByTerminals(beside.json.stdout)).toEqual([]);
    expect(
      beside.json.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(data);

    expect(await replay()).toEqual(beside.text);
    expect(await replay("--json")).toEqual(beside.json);
    expect(await runCommand(["replay", id.toUpperCase()], folder.path)).toEqual(beside.text);
    const third = data[2]!;
    const untilThird = await replay("--until", third.position);
    expect(titlesIn(untilThird.stdout)).toHaveLength(3);
    expect(beside.text.stdout.startsWith(untilThird.stdout)).toBe(true);
    expect((await replay("--until", String(Number(third.position)))).stdout).toBe(untilThird.stdout);
    const then = data.filter(({ time }) => time <= third.time).length;
    expect(titlesIn((await replay("--until", third.time)).stdout)).toHaveLength(then);
  });

  it("never lets a receiver speak to the terminal", async () => {
    using folder = new TemporaryFolder();
    await seeded(folder.path, []);
    const text = await runCommand(["replay", DELIVERY_ID], folder.path);
    expect(text.exitCode).toBe(0);
    expectReadable(text.stdout);
    expect(text.stdout).toContain("\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\r\\n");
    const json = await runCommand(["replay", DELIVERY_ID, "--json"], folder.path);
    expect(obeyedByTerminals(json.stdout)).toEqual([]);
    const last = JSON.parse(json.stdout.trimEnd().split("\n").at(-1)!) as { data: { response_body: string } };
    expect(last.data.response_body).toBe(EVIL.repeat(20));
  });

  it("stops at an event that it does not know, says where, and shows all before it", async () => {
    using folder = new TemporaryFolder();
    await seeded(folder.path, [sampleEvent({ type: "Evil\u001b[2J" }), toAppend(started(2, 5))]);
    const { exitCode, stdout, stderr } = await runCommand(["replay", DELIVERY_ID], folder.path);
    expect(exitCode).toBe(1);
    expect(titlesIn(stdout)).toHaveLength(3);
    expect(stderr).toBe(
      `webhook-gateway cannot replay: event 00000000000000000003 of stream delivery-${DELIVERY_ID} cannot be read: ` +
        `its type Evil\\u001b[2J is not in this version's catalogue (position 00000000000000000004)\n`,
    );
    expect(await runCommand(["replay", DELIVERY_ID, "--until", "3"], folder.path)).toEqual({
      exitCode: 0,
      stdout,
      stderr: "",
    });
  });

  it("stops at an event that is not even JSON", async () => {
    using folder = new TemporaryFolder();
    await seeded(folder.path, [toAppend(started(2, 5))]);
    const file = new DatabaseSync(join(folder.path, "events.sqlite"));
    file.exec("UPDATE events SET data = '{' WHERE position = 2");
    file.close();
    const { exitCode, stdout, stderr } = await runCommand(["replay", DELIVERY_ID], folder.path);
    expect(exitCode).toBe(1);
    expect(titlesIn(stdout)).toEqual(["0. DeliveryRequested"]);
    expect(stderr).toMatch(
      /event 0{19}1 of stream \S+ cannot be read: its data or metadata is not JSON \(position 0{19}2\)\n$/,
    );
  });

  it("is painted in a terminal, but not where NO_COLOR is set", async (context) => {
    const reason = whyNoTerminal();
    if (reason !== null) return context.skip(reason);
    using folder = new TemporaryFolder();
    await seeded(folder.path, []);
    const inTerminal = async (env: Readonly<Record<string, string>>): Promise<string> =>
      (await runInTerminal(["replay", DELIVERY_ID], folder.path, { env })).shown;
    const plain = (await runCommand(["replay", DELIVERY_ID], folder.path)).stdout;
    expect(await inTerminal({ NO_COLOR: "1" })).toBe(plain);
    const painted = await inTerminal({});
    expect(painted).toContain("\u001b[1m0. DeliveryRequested\u001b[22m");
    const unpainted = ["1", "2", "22"].reduce((text, look) => text.replaceAll(`\u001b[${look}m`, ""), painted);
    expect(unpainted).toBe(plain);
  });

  it.each([
    [[], 2, "webhook-gateway: replay: missing required argument 'delivery'; see webhook-gateway replay --help\n"],
    [["nonsense\u001b[2J"], 2, 'webhook-gateway: replay: no delivery has an id like "nonsense\\u001b[2j"\n'],
    [[DELIVERY_ID, "more"], 2, /^webhook-gateway: replay: too many arguments [^\n]*: \S+, more; [^\n]*\n$/],
    [
      [DELIVERY_ID, "--until", "yesterday"],
      2,
      "webhook-gateway: replay: --until needs a time such as 2026-01-31T12:00:00.000Z, or a position of the log\n",
    ],
    [
      [DELIVERY_ID.replace("0198", "0199")],
      1,
      `webhook-gateway cannot replay: there is no delivery ${DELIVERY_ID.replace("0198", "0199")} in this log\n`,
    ],
    [
      [DELIVERY_ID, "--until", "4"],
      1,
      "webhook-gateway cannot replay: the log has not come so far: its last position is 00000000000000000003\n",
    ],
    [
      [DELIVERY_ID, "--until", "2020-01-01T00:00:00Z"],
      1,
      /^webhook-gateway cannot replay: the delivery came later, at \S+, position 0{19}1\n$/,
    ],
  ] as const)("refuses %j in one line", async (args, exitCode, line) => {
    using folder = new TemporaryFolder();
    await seeded(folder.path, []);
    const refused = await runCommand(["replay", ...args], folder.path);
    expect(refused).toMatchObject({ exitCode, stdout: "" });
    if (typeof line === "string") expect(refused.stderr).toBe(line);
    else expect(refused.stderr).toMatch(line);
  });

  it("says where there is no log, and what it can do in lines of 80 columns", async () => {
    const { exitCode, stderr } = await runCommand(["replay", DELIVERY_ID], "/nowhere");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: "webhook-gateway cannot replay: DATA_DIR: there is no event log in /nowhere\n",
    });
    expectReadable((await runCommand(["replay", "--help"], "/nowhere")).stdout);
  });
});

toldByAServer("an EventStoreDB", () => Instances.start(FAST));
